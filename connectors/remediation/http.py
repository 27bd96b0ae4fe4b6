"""Calls to other systems as remedies: Rundeck, AWX, StackStorm, Argo, feature flags, and whatever takes a webhook."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import httpx
from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, field_validator, model_validator

from connectors.configuration import HomePath
from connectors.remediation.calls import REAL, Access, Answer, Body, Line, Outside, open_line, trusted
from connectors.remediation.http_calls import Call, Poll, answered, as_texts, at, fill_call, whole_answer
from connectors.remediation.port import (
    Action,
    ApprovedAction,
    BadSpec,
    Rehearsal,
    RemediationUnavailable,
    Result,
    Spec,
    Uncertain,
)
from connectors.remediation.specs import require_rehearsal, require_time, shaped

_MEANINGS = {
    404: "there is no such thing",
    409: "it conflicts with how things are, or with what is being done already",
    410: "it is gone",
    412: "the world has moved",
    422: "it does not accept this",
}
_NOT_NOW = {401: "check its credentials", 403: "check what its credentials may do", 425: "later", 429: "later"}


class Target(BaseModel):
    """One system that may be told what to do."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    url: str
    """Its address; every path of the catalogue follows it."""

    token: SecretStr | None = None
    """What is sent as ``Authorization: Bearer …``."""

    user: str = ""
    """The name for basic authentication."""

    password: SecretStr | None = None
    """The password for basic authentication."""

    headers: Mapping[str, SecretStr] = Field(default_factory=dict)
    """Further headers, such as Rundeck's and StackStorm's for a token."""

    ca_file: HomePath | None = None
    """Certificates (PEM) to trust instead of the system's."""

    key_header: str = "Idempotency-Key"
    """The header for the key that is the same for every attempt to carry out one approval."""

    refuses_with: tuple[int, ...] = ()
    """Statuses of 500 and above by which it says that it did nothing; at every other one nobody knows."""

    max_bytes: int = Field(default=2_000_000, gt=0)
    """Answers are read up to this size, in bytes."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = httpx.URL(url)
        if parts.scheme not in ("http", "https") or not parts.host or parts.query or parts.fragment:
            raise ValueError("write the whole address, with http:// or https://, and no query")
        if parts.userinfo:
            raise ValueError("keep credentials out of the address: use user and password, or token")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _can_sign_in(self) -> "Target":
        if self.token and self.password:
            raise ValueError("write token, or user and password")
        if not all(value.get_secret_value().isascii() for value in (self.token, *self.headers.values()) if value):
            raise ValueError("a token and a header take plain ASCII alone")
        return self

    @property
    def access(self) -> Access:
        """How it is reached; also which words are never repeated."""
        headers = {name: value.get_secret_value() for name, value in self.headers.items()}
        token = self.token.get_secret_value() if self.token else ""
        password = self.password.get_secret_value() if self.password else ""
        return Access(
            url=self.url,
            headers={**({"Authorization": f"Bearer {token}"} if token else {}), **headers},
            user=self.user,
            password=password,
            secrets=tuple(filter(None, (token, password, *headers.values()))),
            max_bytes=self.max_bytes,
        )


class Settings(BaseModel):
    """Which systems may be told what to do."""

    targets: dict[str, Target] = Field(default={})
    """Systems by the names that the catalogue calls them; nothing else is ever called."""


@dataclass(frozen=True)
class HttpExecutor:
    """Calls the systems that settings name."""

    targets: Mapping[str, Target]
    lines: Mapping[str, Line]
    name: str = "http"

    def check(self, spec: Spec, parameters: Sequence[str]) -> None:
        """Besides: whether the target is set."""
        self.fill(spec, dict.fromkeys(parameters, "x"))

    def fill(self, spec: Spec, parameters: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Values are encoded in paths and queries, and put into JSON by its structure; none becomes two of a path."""
        done = fill_call(spec, parameters)
        self._line(shaped(Call, spec))
        return done

    async def rehearse(self, action: Action, now: datetime) -> Rehearsal:
        """What the dry run's call is answered; it has no key. Polled to its end if it is written so."""
        require_rehearsal(action)
        try:
            result = await self._call(action.rehearsal, {})
        except Uncertain as lost:
            raise RemediationUnavailable(f"The dry run has no answer: {lost}") from lost
        return Rehearsal(ok=result.status == "done", text=result.text, seconds=result.seconds)

    async def execute(self, approved: ApprovedAction, now: datetime) -> Result:
        """What ``expect`` says is done, a refusal is failed, and an error of theirs is doubtful: see ``refuses_with``.

        No answer before the deadline is doubtful too, and so is a job that has not ended in its time.
        """
        require_time(approved, now)
        target = self.targets.get(str(approved.action.run.get("target")))
        return await self._call(approved.action.run, {target.key_header: approved.key} if target else {})

    async def _call(self, spec: Spec, key: Mapping[str, str]) -> Result:
        try:
            call = shaped(Call, spec)
            # Settings may have changed since it was filled in.
            line = self._line(call)
        except BadSpec as refused:
            raise RemediationUnavailable(f"Nothing was sent: {refused}") from refused
        loop = asyncio.get_running_loop()
        began = loop.time()
        form = as_texts(call.form) if call.form is not None else None
        body = Body(call.content, form, call.body.encode() if call.body is not None else None)
        answer = await line.send(call.method, call.address, call.timeout_seconds, {**call.headers, **key}, body)
        text = line.hushed(answer.text)
        if wrong := self._refused(call, answer, text):
            return Result(status="failed", text=wrong, seconds=loop.time() - began)
        link = _link(call, line, answer.json)
        status = "done"
        if call.poll:
            status, text = await _Polling(line, call.poll, link, call.timeout_seconds).ended(answer.json)
        return Result(
            status="done" if status == "done" else "failed", text=text, link=link, seconds=loop.time() - began
        )

    def _refused(self, call: Call, answer: Answer, text: str) -> str:
        """Why it was not done, empty when it was. Raises RemediationUnavailable and Uncertain by the status."""
        status, name = answer.status, call.target
        if status in call.expect.status:
            return _unlike(call, answer, text)
        if status in _NOT_NOW or status in self.targets[name].refuses_with:
            advice = _NOT_NOW.get(status, "it did nothing")
            raise RemediationUnavailable(f"{name} answers {status}: {advice}. {text}".strip())
        if status in (307, 308):
            raise RemediationUnavailable(f"{name} sends calls elsewhere ({status}); set the url of the API itself.")
        if 400 <= status < 500:
            return f"{name} answers {status}: {_MEANINGS.get(status, 'it refuses')}. {text}".strip()
        raise Uncertain(f"{name} answers {status}, which does not say whether it was done; look there. {text}".strip())

    def _line(self, call: Call) -> Line:
        if call.target not in self.lines:
            there = ", ".join(self.lines) or "none"
            raise BadSpec(
                f"target: {call.target!r} is not set; there are: {there}. "
                f"Add [connectors.remediation.http.targets.{call.target}]."
            )
        return self.lines[call.target]


@dataclass(frozen=True)
class _Polling:
    line: Line
    poll: Poll
    link: str
    timeout_seconds: float

    async def ended(self, answer: JsonValue) -> tuple[str, str]:
        """``done`` or ``failed``, with what the system says. Raises Uncertain when it does not end in its time."""
        path = self._path(answer)
        loop = asyncio.get_running_loop()
        until = loop.time() + self.poll.within_seconds
        last = ""
        while loop.time() < until:
            try:
                status, last = await self._asked(path)
            except (RemediationUnavailable, Uncertain) as lost:
                # Only the looking failed; the work goes on there, and what it said before tells more.
                status, last = "", last or str(lost)
            if status:
                return status, last
            await asyncio.sleep(min(self.poll.every_seconds, max(0.0, until - loop.time())))
        raise Uncertain(
            f"{self.line.name} has not ended it within {self.poll.within_seconds:g} s ({last}); "
            f"look at {self.link or self.line.url + path}."
        )

    async def _asked(self, path: str) -> tuple[str, str]:
        answer = await self.line.send("GET", path, self.timeout_seconds, {})
        there, value = at(answer.json, self.poll.value) if answer.status < 300 else (False, None)
        said = self.line.hushed(f"{self.poll.value}: {value}" if there else f"{answer.status} {answer.text}")[:1000]
        if there and value in self.poll.done:
            return "done", said
        return ("failed" if there and value in self.poll.failed else ""), said

    def _path(self, answer: JsonValue) -> str:
        name = whole_answer(self.poll.path)
        try:
            if name is None:
                return answered(self.poll.path, answer, "poll.path")
            return _inside(self.line.url, at(answer, name)[1])
        except BadSpec as lost:
            raise Uncertain(
                f"It was accepted, but cannot be followed ({lost}); look at {self.link or self.line.url}."
            ) from lost


def _inside(url: str, value: JsonValue) -> str:
    """A path or address that the system gave, as what follows its url; credentials go nowhere else. Raises BadSpec."""
    home = httpx.URL(url)
    try:
        found = home.join(str(value))
    except httpx.InvalidURL:
        raise BadSpec("poll.path: the answer has no address") from None
    root = home.raw_path.decode().rstrip("/")
    path = found.raw_path.decode()
    same = (found.scheme, found.netloc) == (home.scheme, home.netloc)
    if not isinstance(value, str) or not value or not same or not path.startswith(f"{root}/"):
        raise BadSpec(f"poll.path: {str(value)[:80]!r} is no address below {url}")
    return path.removeprefix(root)


def _unlike(call: Call, answer: Answer, text: str) -> str:
    for place, wanted in call.expect.values.items():
        there, value = at(answer.json, place)
        if not there:
            raise Uncertain(f"{call.target} answers {answer.status} without {place}; look there. {text}".strip())
        if value != wanted:
            return f"{call.target} answers {place}: {str(value)[:200]}, not {wanted}. {text}"
    return ""


def _link(call: Call, line: Line, answer: JsonValue) -> str:
    try:
        return line.url + answered(call.link, answer, "link") if call.link else ""
    except BadSpec:
        # It was done; a link is not worth a doubt.
        return ""


@asynccontextmanager
async def connect(settings: Settings, outside: Outside = REAL) -> AsyncIterator[HttpExecutor]:
    """Nothing is called yet. Raises RemediationUnavailable for certificates that cannot be read."""
    async with AsyncExitStack() as stack:
        lines = {}
        for name, target in settings.targets.items():
            trust = trusted(target.ca_file, f"target {name}") if target.ca_file else None
            lines[name] = await stack.enter_async_context(open_line(name, target.access, outside, trust))
        yield HttpExecutor(settings.targets, lines)
