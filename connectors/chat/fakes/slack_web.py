"""The Web API's door: reads the arguments, checks token, scope and limits, and answers in Slack's form."""

import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import JsonValue

from connectors.chat.fakes.slack_app import App
from connectors.chat.fakes.slack_json import Json
from connectors.chat.fakes.slack_json import text as words
from connectors.chat.fakes.slack_limits import Limits
from connectors.chat.fakes.slack_workspace import Workspace


class Refused(Exception):
    """An error in Slack's words, with what else the answer says."""

    def __init__(self, error: str, *messages: str, **more: JsonValue) -> None:
        super().__init__(error)
        self.answer: Json = {"ok": False, "error": error, **more}
        if messages:
            self.answer["errors"] = list(messages)
            self.answer["response_metadata"] = {"messages": [f"[ERROR] {one}" for one in messages]}


@dataclass
class Request:
    """One call as it came, for the record."""

    method: str
    arguments: Json
    error: str = ""
    at: float = 0.0


@dataclass
class Fault:
    """What goes wrong with the next calls of a method."""

    times: int
    error: str = ""
    status: int = 0
    retry_after: float = 0.0
    drop: bool = False
    done: bool = False


class Call:
    """The arguments of a call, however they were sent."""

    def __init__(self, method: str, arguments: Json) -> None:
        self.method = method
        self.arguments = arguments

    def text(self, name: str) -> str:
        """A string; numbers as they are written."""
        value = self.arguments.get(name)
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else words(value)

    def required(self, name: str) -> str:
        """A string that must be there."""
        value = self.text(name)
        if not value:
            raise Refused("invalid_arguments", f"missing required field: {name}")
        return value

    def flag(self, name: str, *, otherwise: bool = False) -> bool:
        """True, "true" and "1" are true."""
        value = self.arguments.get(name)
        return otherwise if value is None else value is True or str(value).lower() in ("true", "1")

    def number(self, name: str, otherwise: int) -> int:
        """A whole number."""
        value = self.text(name)
        return int(value) if value.isdigit() else otherwise

    def json(self, name: str, error: str) -> JsonValue:
        """Structured JSON, sent as such or as a string; None when it is not there."""
        value = self.arguments.get(name)
        if isinstance(value, str) and value:
            try:
                parsed: JsonValue = json.loads(value)
            except ValueError as broken:
                raise Refused(error) from broken
            return parsed
        return value if value != "" else None


Run = Callable[[Call], Awaitable[Json]]


@dataclass(frozen=True)
class Method:
    """One method: any one of its scopes will do; ``app_level`` wants the other token."""

    run: Run
    tier: int | None = None
    scopes: tuple[str, ...] = ()
    app_level: bool = False


@dataclass
class WebApi:
    """All methods behind one path, and the record of what was called."""

    app: App
    workspace: Workspace
    limits: Limits
    methods: dict[str, Method] = field(default_factory=dict)
    requests: deque[Request] = field(default_factory=lambda: deque(maxlen=5_000))
    faults: dict[str, list[Fault]] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call; errors come with status 200, as Slack sends them, only limits with 429."""
        method = request.match_info["method"]
        arguments = await read(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or words(arguments.pop("token", ""))
        record = Request(method, arguments, at=self.workspace.clock())
        self.requests.append(record)
        fault = self._fault(method)
        if fault and not fault.done:
            return self._broken(request, fault, record)
        try:
            answer = await self._answer(method, token, arguments)
        except Refused as refused:
            record.error = words(refused.answer["error"])
            answer = refused.answer
        if fault:
            return self._broken(request, fault, record)
        return self._sent(answer)

    def _sent(self, answer: Json) -> web.Response:
        headers = {"X-OAuth-Scopes": ",".join(sorted(self.app.scopes))}
        if answer.get("error") == "ratelimited":
            headers["Retry-After"] = str(answer.pop("retry_after", 1))
            return web.json_response(answer, status=429, headers=headers)
        return web.json_response(answer, headers=headers)

    async def _answer(self, name: str, token: str, arguments: Json) -> Json:
        method = self.methods.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        self._let_in(method, token)
        wait = self.limits.wait(name, method.tier)
        if wait:
            raise Refused("ratelimited", retry_after=wait)
        return {"ok": True, **await method.run(Call(name, arguments))}

    def _let_in(self, method: Method, token: str) -> None:
        if not token:
            raise Refused("not_authed")
        if token not in (self.app.bot_token, self.app.app_token):
            raise Refused("invalid_auth")
        if self.app.revoked:
            raise Refused("token_revoked")
        if (token == self.app.app_token) is not method.app_level:
            raise Refused("not_allowed_token_type")
        provided = self.app.app_scopes if method.app_level else self.app.scopes
        if method.scopes and not provided.intersection(method.scopes):
            raise Refused("missing_scope", needed=",".join(method.scopes), provided=",".join(sorted(provided)))

    def _fault(self, method: str) -> Fault | None:
        waiting = self.faults.get(method, [])
        if not waiting:
            return None
        fault = waiting[0]
        fault.times -= 1
        if fault.times <= 0:
            waiting.pop(0)
        return fault

    def _broken(self, request: web.Request, fault: Fault, record: Request) -> web.Response:
        record.error = fault.error or ("dropped" if fault.drop else str(fault.status))
        if fault.drop and request.transport:
            request.transport.abort()
        if fault.error == "ratelimited":
            return self._sent({"ok": False, "error": "ratelimited", "retry_after": fault.retry_after})
        if fault.error:
            return self._sent({"ok": False, "error": fault.error})
        return web.Response(status=fault.status or 500, text="upstream connect error")


async def read(request: web.Request) -> Json:
    """Arguments from the query, a form or a JSON body."""
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            return arguments
        return arguments | (body if isinstance(body, dict) else {})
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        for name, value in (await request.post()).items():
            if isinstance(value, str):
                arguments[name] = value
    return arguments
