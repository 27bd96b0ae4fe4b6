"""The words of a remedy's journey: frozen values, from the catalogue to what came of it."""

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import Field, JsonValue

from bot.incident import Category
from bot.vocabulary import Frozen, Language
from connectors.remediation.port import Action, Rehearsal

Risk: TypeAlias = Literal["low", "medium", "high", "critical"]
Autonomy: TypeAlias = Literal["propose", "one", "several", "automatic"]
Words: TypeAlias = dict[Language, str]
"""What people read, in English at least."""


def worded(words: Words, language: Language) -> str:
    """The words in a language, in English where there are none."""
    return words.get(language) or words.get("en", "")


class Choice(Frozen):
    """What a rule, a model or a person chooses: a remedy's id and values. Untrusted until the guard admits it."""

    remedy: str
    parameters: dict[str, JsonValue] = Field(default={})


class Check(Frozen):
    """One read-only look at the world: a tool and its arguments, and what its answer has to be.

    Of ``above`` and ``below`` the last number of every series, or the only number of the answer, is held against;
    ``says`` and ``says_not`` are patterns that its text has to meet, and must not. ``because`` tells people what it
    is for. Texts in the arguments may name parameters in braces.
    """

    tool: str
    arguments: dict[str, JsonValue] = Field(default={})
    above: float | None = None
    below: float | None = None
    says: str = ""
    says_not: str = ""
    because: Words


class Verification(Frozen):
    """What must be true afterwards; it is looked at every so often, and has to be so within some time."""

    checks: tuple[Check, ...]
    within_seconds: float = 120.0
    every_seconds: float = 5.0


class Undo(Frozen):
    """The remedy that takes this one back; its parameters may name those of this one in braces."""

    remedy: str
    parameters: dict[str, JsonValue] = Field(default={})


class Blast(Frozen):
    """How much may be changed at once: at most so many targets at the same time, and so many healthy ones are left.

    ``healthy`` counts the replicas of the target that are well.
    """

    targets: int = 1
    keep_healthy: int = 0
    healthy: Check | None = None


class Remedy(Frozen):
    """One entry of the catalogue. ``digest`` is that of what the entry says; ``place`` is its file and line.

    ``causes`` and ``services`` say for which diagnoses it is offered; no services: for all that have it as a target;
    no causes: only where a page names it. ``parameters`` is a JSON Schema in which everything is bounded.
    """

    id: str
    title: Words
    description: Words
    parameters: dict[str, JsonValue] = Field(default={})
    executor: str
    run: dict[str, JsonValue]
    rehearsal: dict[str, JsonValue] = Field(default={})
    risk: Risk
    target: str
    environment: str = ""
    causes: tuple[Category, ...] = ()
    services: tuple[str, ...] = ()
    preconditions: tuple[Check, ...] = ()
    verification: Verification | None = None
    undo: Undo | None = None
    idempotent: bool = False
    cooldown_seconds: float = 600.0
    blast: Blast = Blast()
    owners: tuple[str, ...] = ()
    expires_seconds: float = 1800.0
    window_seconds: float = 600.0
    digest: str = ""
    place: str = ""


class Proposal(Frozen):
    """A remedy that is offered: exactly what, to what, why, and until when.

    ``why`` cites evidence of the diagnosis. ``asker`` is who asked for it: a person, or ``nightshift``, and is not
    entitled to approve it. ``model`` is what chose it, with the version of the prompt; empty: rules.
    """

    id: str
    incident_id: str
    language: Language
    action: Action
    title: str
    risk: Risk
    services: tuple[str, ...] = ()
    why: str = ""
    cites: tuple[str, ...] = ()
    rehearsed: Rehearsal | None = None
    undo: str = ""
    needed: int = 1
    approvers: tuple[str, ...] = ()
    asker: str = "nightshift"
    model: str = ""
    proposed_at: datetime
    expires_at: datetime
    escalated_to: tuple[str, ...] = ()
    undoes: str = ""


class Looked(Frozen):
    """What a check saw: ``met`` whether it is so, None when it could not be told; ``text`` the answer, cut.

    ``number`` is the number that was compared, None where there was none or more than one.
    """

    because: str
    met: bool | None
    text: str
    number: float | None = None


class Outcome(Frozen):
    """What came of a proposal that was approved: carried out or not, and whether it is as it should be afterwards."""

    status: Literal["done", "failed", "stale", "unknown"]
    text: str
    verified: bool | None = None
    looked: tuple[Looked, ...] = ()
    approved_by: tuple[str, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    link: str = ""
