"""What people do to the cards of a fake Feishu: they press buttons and send forms, and see what comes back."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.chat.fakes import feishu_events as events
from connectors.chat.fakes.feishu_cards import INPUTS, Part, faults, parts, submits
from connectors.chat.fakes.feishu_company import Person
from connectors.chat.fakes.feishu_deliveries import OK, Deliveries, Delivery, answer_of
from connectors.chat.fakes.feishu_im import known
from connectors.chat.fakes.feishu_messages import Message, copied, keys_of
from connectors.chat.fakes.feishu_platform import Platform
from connectors.chat.fakes.feishu_terms import Json

NOT_CONFIGURED, NO_ANSWER, NOBODY, BAD_STATUS, BAD_BODY, BAD_CARD, OLD_CARD, TOO_OLD = (
    200340,
    200341,
    200342,
    200671,
    200672,
    200673,
    200830,
    200080,
)
_TOASTS = frozenset({"info", "success", "error", "warning"})


@dataclass(frozen=True)
class Forged:
    """What is not as the card says: another value, an operator known by user_id alone."""

    value: Json | None = None
    user_id_only: bool = False


@dataclass(frozen=True)
class ClickAnswer:
    """What the person who clicked sees: a toast, a changed card, or an error with its code."""

    code: int = 0
    toast: Json | None = None
    card: Json | None = None
    delivery: Delivery | None = None

    @property
    def ok(self) -> bool:
        return self.code == 0


class Clicks:
    """The acts of people on cards. While a click is on its way its card cannot be changed by the app."""

    platform: Platform
    deliveries: Deliveries
    toasts: list[tuple[str, str, str]]
    """Who saw which toast, of what kind."""

    def buttons(self, message: Message) -> list[str]:
        """The texts of the buttons that can be pressed."""
        return [_label(part) for part in _pressable(message.card())]

    async def click(self, person: Person, message: Message, button: str, forged: Forged | None = None) -> ClickAnswer:
        """Press the button with this text, name or id. Raises ``LookupError`` when people see none."""
        part = _button(message, button)
        return await self._pressed(person, message, part, {}, forged or Forged())

    async def submit(
        self,
        person: Person,
        message: Message,
        values: Mapping[str, str],
        button: str = "",
        forged: Forged | None = None,
    ) -> ClickAnswer:
        """Fill in a form and send it; without a button, by the first that sends one."""
        part = _button(message, button) if button else _first_submit(message)
        return await self._pressed(person, message, part, values, forged or Forged())

    async def _pressed(
        self, person: Person, message: Message, part: Part, values: Mapping[str, str], forged: Forged
    ) -> ClickAnswer:
        if self.platform.clock.now() - float(message.created) / 1000 > self.platform.limits.click_seconds:
            return ClickAnswer(TOO_OLD)
        if not self.platform.console.callbacks:
            return ClickAnswer(NOT_CONFIGURED)
        if forged.value is None and not _calls_back(part):
            return ClickAnswer()
        body = events.card_pressed(
            self.platform, message, self._operator(person, forged), self._action(message, part, values, forged)
        )
        message.locked = True
        try:
            delivery = await self.deliveries.send(body, callback=True)
            answer = await self._answer(message, delivery)
        finally:
            message.locked = False
        if answer.toast:
            self.toasts.append((person.name, str(answer.toast.get("type")), str(answer.toast.get("content"))))
        return answer

    def _operator(self, person: Person, forged: Forged) -> Json:
        who: Json = events.ids(self.platform, person)
        if forged.user_id_only:
            who = {"user_id": person.user_id, "union_id": person.union_id}
        return {"tenant_key": person.tenant, **who}

    def _action(self, message: Message, part: Part, values: Mapping[str, str], forged: Forged) -> Json:
        value = forged.value if forged.value is not None else _value(part)
        action: Json = {"value": value, "tag": part.tag, "timezone": "Asia/Shanghai"}
        if part.element.get("name"):
            action["name"] = part.element["name"]
        if "form" in part.around and submits(part.element):
            action["form_value"] = _filled(message.card(), part, values)
        return action

    async def _answer(self, message: Message, delivery: Delivery | None) -> ClickAnswer:
        if delivery is None or not delivery.carried:
            return ClickAnswer(NOBODY, delivery=delivery)
        try:
            async with asyncio.timeout(self.platform.limits.ack_seconds):
                await delivery.answered.wait()
        except TimeoutError:
            return ClickAnswer(NO_ANSWER, delivery=delivery)
        if delivery.code != OK:
            return ClickAnswer(BAD_STATUS if delivery.code else NO_ANSWER, delivery=delivery)
        body = answer_of(delivery)
        if body is None or delivery.acknowledged_at is None:
            return ClickAnswer(BAD_BODY if body is None else NO_ANSWER, delivery=delivery)
        return self._shown(message, body, delivery)

    def _shown(self, message: Message, body: Json, delivery: Delivery) -> ClickAnswer:
        toast, card = body.get("toast"), body.get("card")
        if toast is not None and (not isinstance(toast, dict) or toast.get("type", "info") not in _TOASTS):
            return ClickAnswer(BAD_BODY, delivery=delivery)
        if card is None:
            return ClickAnswer(0, toast, delivery=delivery)
        code = self._changed(message, card)
        return ClickAnswer(code, toast, None if code else message.card(), delivery)

    def _changed(self, message: Message, card: object) -> int:
        """Put the card of an answer in the place of the old one; the code of what stands against it."""
        new = card.get("data") if isinstance(card, dict) and card.get("type") == "raw" else None
        if not isinstance(new, dict) or message.entity is None or message.streaming:
            return BAD_CARD
        if message.card().get("schema") == "2.0" and new.get("schema") != "2.0":
            return OLD_CARD
        if faults(new, self.platform.limits, known=known(self.platform)):
            return BAD_CARD
        message.entity.card, message.keys = new, keys_of(new)
        message.updated = self.platform.clock.milliseconds()
        self.platform.remember("callback", message, copied(new))
        return 0


def _pressable(card: Json) -> Iterator[Part]:
    for part in parts(card):
        if part.tag in ("button", "interactive_container") and not part.element.get("disabled"):
            yield part


def _label(part: Part) -> str:
    return str((part.element.get("text") or {}).get("content", ""))


def _button(message: Message, wanted: str) -> Part:
    if message.deleted:
        raise LookupError("the message is recalled")
    for part in _pressable(message.card()):
        if wanted in (_label(part), part.element.get("name"), part.element.get("element_id")):
            return part
    seen = ", ".join(_label(part) for part in _pressable(message.card()))
    raise LookupError(f"no button {wanted!r}; there are: {seen or 'none'}")


def _first_submit(message: Message) -> Part:
    found = next((part for part in _pressable(message.card()) if submits(part.element)), None)
    if found is None:
        raise LookupError("no form")
    return found


def _calls_back(part: Part) -> bool:
    behaviors = part.element.get("behaviors") or []
    return submits(part.element) or "value" in part.element or any(one.get("type") == "callback" for one in behaviors)


def _value(part: Part) -> object:
    for one in part.element.get("behaviors") or []:
        if one.get("type") == "callback":
            return one.get("value")
    return part.element.get("value", {})


def _filled(card: Json, button: Part, values: Mapping[str, str]) -> Json:
    """What a form sends: each of its fields, as filled in or as it was set before."""
    form = next(part for part in parts(card) if part.tag == "form" and button.path.startswith(part.path))
    fields = {part.element["name"]: part.element for part in parts(form.element) if part.tag in INPUTS}
    if strangers := set(values) - set(fields):
        raise LookupError(f"no such fields: {', '.join(sorted(strangers))}; there are: {', '.join(sorted(fields))}")
    filled = {name: values.get(name, one.get("default_value") or "") for name, one in fields.items()}
    missing = [name for name, one in fields.items() if one.get("required") and not filled[name]]
    if missing:
        raise LookupError(f"required: {', '.join(missing)}")
    return filled
