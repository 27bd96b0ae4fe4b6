"""The remediation seam: what changes production. Its credentials are never those of the tools that read."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue

Spec: TypeAlias = Mapping[str, JsonValue]
"""What an executor is to do, in its own terms, as the catalogue writes it; texts may name parameters in braces."""


class Frozen(BaseModel):
    """A value; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Action(Frozen):
    """One remedy with its parameters, filled in: exactly what would be done, and to what.

    ``run`` is the executor's part with every parameter in its place, ``rehearsal`` the same for the dry run, empty
    where there is none; ``target`` is what is changed, ``environment`` where. ``entry`` is the digest of the catalogue
    entry that it was made of, so that an entry that changes afterwards makes another action.
    """

    remedy: str
    entry: str
    executor: str
    target: str
    environment: str = ""
    parameters: dict[str, JsonValue] = {}
    run: dict[str, JsonValue]
    rehearsal: dict[str, JsonValue] = {}

    @property
    def digest(self) -> str:
        """SHA-256 of it in a canonical form (keys in order, no blanks), in hexadecimal."""
        written = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(written.encode()).hexdigest()


class ApprovedAction(Frozen):
    """An action that may be carried out once, before ``until``. Only the guard makes one.

    ``key`` is the same for every attempt to carry out this approval: systems that know keys carry it out once.
    """

    action: Action
    proposal_id: str
    key: str
    approved_by: tuple[str, ...]
    approved_at: AwareDatetime
    until: AwareDatetime


class Rehearsal(Frozen):
    """What a dry run said: ``text`` as the system said it, cut; ``ok`` whether it would go well."""

    ok: bool
    text: str
    seconds: float = 0.0


class Result(Frozen):
    """What came of carrying an action out. ``failed``: the system said that nothing, or not all, was done.

    Whoever cannot tell whether it was carried out raises ``Uncertain`` instead.
    """

    status: Literal["done", "failed"]
    text: str
    link: str = ""
    seconds: float = 0.0


class RemediationUnavailable(Exception):
    """The system cannot be reached, or refuses us, and nothing was done; the message says how to mend it."""


class Uncertain(Exception):
    """It may have been carried out or not: the answer was lost. The message says how to find out."""


class BadSpec(Exception):
    """The executor's part of a catalogue entry cannot be used; the message says where and what to write instead."""


class Executor(Protocol):
    """One way to change production."""

    name: str

    def check(self, spec: Spec, parameters: Sequence[str]) -> None:
        """Whether a catalogue entry's part can be used; it may name these parameters in braces. Raises BadSpec.

        Nothing outside is asked: what settings allow counts, and what is known without a value.
        """

    def fill(self, spec: Spec, parameters: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """The part with every parameter in its place, one value each: no parameter becomes two words, or a flag.

        A value is one text, number or truth value, not empty, at most 1,000 characters, without line breaks and signs
        that cannot be seen. Raises BadSpec for any other, naming the key and what to write.
        """

    async def rehearse(self, action: Action, now: datetime) -> Rehearsal:
        """Carry out the dry run, which changes nothing.

        Raises RemediationUnavailable, also for an action that has no dry run and when its answer does not come.
        """

    async def execute(self, approved: ApprovedAction, now: datetime) -> Result:
        """Carry it out, once, and not when ``now`` is at or after the approval's ``until``.

        It never tries again by itself. Raises RemediationUnavailable when nothing was done, Uncertain when it may have
        been or not.
        """
