"""The alerts seam: what monitoring systems send us becomes alerts, the same whichever system it was."""

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Protocol, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

Status = Literal["firing", "resolved"]
Severity = Literal["critical", "error", "warning", "info"]
NoticeKind = Literal["subscription", "unsubscription", "test", "update", "other"]

_MOST_LABELS, _MOST_ANNOTATIONS = 64, 32
_LONGEST_KEY, _LONGEST_LABEL, _LONGEST_ANNOTATION = 100, 500, 4000
_LINK = re.compile(r"https?://[^\s<>\"'\\`]+", re.IGNORECASE)


def one_line(text: str, most: int) -> str:
    """The text without line breaks and signs that cannot be seen, at most ``most`` characters of it."""
    # Nearly all texts are short and plain, and a storm brings hundreds of thousands of them.
    if len(text) <= most and text.isprintable():
        return " ".join(text.split())
    seen = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * most])
    return _cut(" ".join(seen.split()), most)


def lines(text: str, most: int) -> str:
    """The text with its line breaks, without signs that cannot be seen, at most ``most`` characters of it."""
    if len(text) <= most and text.isprintable():
        return text.strip()
    seen = (sign if sign.isprintable() else "\n" if sign == "\n" else " " for sign in text[: 2 * most])
    return _cut("\n".join(line.rstrip() for line in "".join(seen).split("\n")).strip(), most)


def web_link(address: str) -> str:
    """The address when it is a web page's, else nothing."""
    address = address.strip()
    return address if len(address) <= 2000 and address.isprintable() and _LINK.fullmatch(address) else ""


def as_text(value: object) -> str:
    """One value out of JSON, as people would write it; nothing for null."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _pairs(value: object, most: int, longest: int) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError("write names and values")  # noqa: TRY004  # pydantic turns this one into a mistake of the field
    given = [(one_line(as_text(key), _LONGEST_KEY), one) for key, one in value.items()]
    kept = [(key, lines(as_text(one), longest)) for key, one in given if key and one is not None]
    return dict(kept[:most])


def _in_utc(at: dt.datetime) -> dt.datetime:
    try:
        return at.astimezone(dt.UTC)
    except OverflowError as outside:
        raise ValueError("a time outside the calendar") from outside


Word = Annotated[str, BeforeValidator(lambda value: one_line(as_text(value), 200))]
Line = Annotated[str, BeforeValidator(lambda value: one_line(as_text(value), 500))]
Text = Annotated[str, BeforeValidator(lambda value: lines(as_text(value), 8000))]
Link = Annotated[str, BeforeValidator(lambda value: web_link(as_text(value)))]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Labels = Annotated[Mapping[str, str], BeforeValidator(lambda value: _pairs(value, _MOST_LABELS, _LONGEST_LABEL))]
Annotations = Annotated[
    Mapping[str, str], BeforeValidator(lambda value: _pairs(value, _MOST_ANNOTATIONS, _LONGEST_ANNOTATION))
]


class Frozen(BaseModel):
    """A value; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Alert(Frozen):
    """One alert as it was sent to us: it fires, or it is over.

    Texts are cut to what can be read and hold no sign that cannot be seen; they are untrusted all the same.
    """

    source: Annotated[Word, Field(min_length=1)]
    """Which receiver it came through."""

    fingerprint: Annotated[Word, Field(min_length=1)]
    """The same for every report of the same trouble by this source, whether it fires, fires again or is over."""

    status: Status
    """Whether it fires or is over."""

    name: Annotated[Word, Field(min_length=1)]
    """What the rule or monitor is called."""

    service: Word = ""
    """What is in trouble; empty when the alert does not say."""

    environment: Word = ""
    """Where, such as production; empty when the alert does not say."""

    severity: Severity
    """How bad it is."""

    original_severity: Word = ""
    """How bad it is in the system's own words."""

    started_at: Moment
    """When it began; when the alert does not say, when we heard of it."""

    ended_at: Moment | None = None
    """When it ended; only for one that is over."""

    summary: Line = ""
    """The trouble in one line."""

    description: Text = ""
    """The trouble in more words."""

    labels: Labels = Field(default_factory=dict)
    """What tells it from others: instance, region …"""

    annotations: Annotations = Field(default_factory=dict)
    """Whatever else was said about it."""

    link: Link = ""
    """A page about it in the system that sent it."""

    runbook: Link = ""
    """A page that says what to do."""

    value: Line = ""
    """What was measured."""

    generator: Line = ""
    """What raised it: a query, or the address of a rule."""


class Notice(Frozen):
    """Something that a system told us and that is no alert."""

    kind: NoticeKind
    """What about: a subscription that was confirmed or taken back, a test, an update of an alert, or anything else."""

    text: Line
    """What it says, for a log."""


class Call(Frozen):
    """A call as it came: header names in lower case, and the bytes of the body, as they were signed."""

    method: str = "POST"
    headers: Mapping[str, str] = Field(default_factory=dict)
    path: str = ""
    """The whole path that was called."""

    query: str = ""
    body: bytes
    client: str = ""
    """The address of the caller; behind a proxy, the one that the proxy vouches for."""

    received_at: Moment
    """When it came."""


class Reply(Frozen):
    """What the system gets back."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"


class Received(Frozen):
    """What came out of a call, and what to answer once it is kept."""

    alerts: tuple[Alert, ...] = ()
    notices: tuple[Notice, ...] = ()
    reply: Reply = Reply()


RefusedStatus: TypeAlias = Literal[401, 403, 404, 405, 413, 415, 422, 503]


class Refused(Exception):
    """A call that is not taken: an HTTP status, and a sentence for the caller that says what is wrong and what to do.

    ``keep``: the caller is known and the body is worth a look. 503 asks the system to send it again.
    """

    def __init__(self, status: RefusedStatus, message: str, *, keep: bool) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.keep = keep


class Receiver(Protocol):
    """Takes the calls of one monitoring system."""

    @property
    def name(self) -> str:
        """What it is called in addresses and settings."""

    @property
    def max_bytes(self) -> int:
        """The size of the largest body that it takes; who reads from the network may stop there."""

    async def receive(self, call: Call) -> Received:
        """What the call says. Raises ``Refused`` and nothing else; changes nothing of ours, so it may be repeated."""


class Listener(Protocol):
    """Finds alerts in what is said in chat."""

    def alerts_in(self, text: str, at: dt.datetime) -> Sequence[Alert]:
        """The alerts that a message reports; none when it is no alert message. ``at`` is when it was posted."""
