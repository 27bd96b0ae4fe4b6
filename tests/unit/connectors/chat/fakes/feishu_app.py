"""An app on a fake Feishu whose clock stands still, calling its API without HTTP."""

import re
from dataclasses import dataclass, field
from typing import Any

from connectors.chat.fakes.feishu import FakeFeishu
from connectors.chat.fakes.feishu_deliveries import Deliveries
from connectors.chat.fakes.feishu_http import ROUTES
from connectors.chat.fakes.feishu_platform import Call, Download, Platform
from connectors.chat.fakes.feishu_terms import Clock, Console, Json, Limits, Refused, compact

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 40


@dataclass
class App:
    """The app; ``feishu`` is the platform it is on."""

    limits: Limits = field(default_factory=Limits)
    feishu: FakeFeishu = field(init=False)
    token: str = ""

    def __post_init__(self) -> None:
        platform = Platform(Console(), self.limits, Clock(live=False))
        self.feishu = FakeFeishu(platform, Deliveries(platform))
        self.renew()

    def renew(self) -> None:
        self.token, _ = self.feishu.platform.token()

    def call(self, method: str, path: str, body: Json | None = None, **more: Any) -> Any:
        """The data of the answer. Raises ``Refused``. ``query`` and ``form`` go with the call."""
        path = f"/open-apis{path}"
        for route in sorted(ROUTES, key=lambda one: one.path.count("{")):
            found = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", route.path), path)
            if found and route.method == method:
                query = {name: str(value) for name, value in more.get("query", {}).items()}
                call = Call(found.groupdict(), query, body or {}, more.get("form", {}), self.token, 0)
                self.feishu.platform.admit(route, call, path)
                done = route.handle(self.feishu.platform, call)
                return done.file if isinstance(done, Download) else done
        raise LookupError(path)

    def refusal(self, method: str, path: str, body: Json | None = None, **more: Any) -> Refused:
        """Why a call is refused."""
        try:
            self.call(method, path, body, **more)
        except Refused as refused:
            return refused
        raise AssertionError("it was not refused")

    def send(self, chat_id: str, msg_type: str, content: Json, **more: Any) -> Json:
        body = {"receive_id": chat_id, "msg_type": msg_type, "content": compact(content), **more}
        return dict(self.call("POST", "/im/v1/messages", body, query={"receive_id_type": "chat_id"}))

    def say(self, chat_id: str, text: str = "hello", **more: Any) -> str:
        return str(self.send(chat_id, "text", {"text": text}, **more)["message_id"])

    def post(self, chat_id: str, card: Json) -> str:
        return str(self.send(chat_id, "interactive", card)["message_id"])

    def entity(self, card: Json) -> str:
        body = {"type": "card_json", "data": compact(card)}
        return str(self.call("POST", "/cardkit/v1/cards", body)["card_id"])

    def picture(self) -> str:
        form = {"image_type": "message", "image": PNG}
        return str(self.call("POST", "/im/v1/images", form=form)["image_key"])


def card(*elements: Json, **config: Any) -> Json:
    """A card of these elements."""
    shared = {"update_multi": True, **config}
    return {"schema": "2.0", "config": shared, "body": {"elements": list(elements) or [markdown("Hello")]}}


def markdown(content: str, **more: Any) -> Json:
    return {"tag": "markdown", "content": content, **more}


def button(text: str, **more: Any) -> Json:
    label = {"tag": "plain_text", "content": text}
    behaviors = [{"type": "callback", "value": {"action": text}}]
    return {"tag": "button", "text": label, "behaviors": behaviors, **more}


def table(*names: str, rows: list[Json] | None = None) -> Json:
    columns = [{"name": name, "display_name": name, "data_type": "text"} for name in names]
    return {"tag": "table", "columns": columns, "rows": [{names[0]: "1"}] if rows is None else rows}
