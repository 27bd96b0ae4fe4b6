"""What the doctor says of a database: who asks it, what they see, and what they could do that nobody should."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.guards.sql_gate import Gate
from connectors.sql.port import Rights

_MOST_NAMED = 5


@dataclass(frozen=True)
class Remark:
    """One thing to say; ``mend`` is empty when nothing has to be done."""

    level: Literal["OK", "WARN"]
    text: str
    mend: str = ""


async def remarks(gate: Gate) -> list[Remark]:
    """All there is to say, the first of them what it is. Raises SqlUnavailable and BadDescriptions."""
    schemas = await gate.schemas()
    rights = await gate.database.rights()
    by_role = {role or "the user itself": len(schema.tables) for role, schema in schemas.items()}
    seen = ", ".join(f"{count} tables" + (f" as {role}" if len(by_role) > 1 else "") for role, count in by_role.items())
    examples = len(gate.descriptions.examples)
    told = f"; verified queries: {examples}, each may run" if examples else ""
    user = f", user {rights.user}" if rights.user else ""
    ends = f"; a query ends after {rights.seconds:g} s" if rights.seconds else ""
    return [Remark("OK", f"{rights.server}{user}: {seen}{ends}{told}"), *_blind(by_role), *_dangers(rights)]


def _blind(by_role: dict[str, int]) -> Iterator[Remark]:
    # With roles, the user itself had better see nothing.
    asked = list(by_role.items())[1:] or list(by_role.items())
    for role, count in asked:
        if not count:
            yield Remark("WARN", f"no table can be read as {role}", "Grant SELECT on what may be asked.")


def _dangers(rights: Rights) -> Iterator[Remark]:
    if rights.writes:
        more = len(rights.writes) - _MOST_NAMED
        named = ", ".join(rights.writes[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        mend = "Use one with SELECT alone: guard and read-only transactions are not to be the only locks."
        yield Remark("WARN", f"the user could change {named}", mend)
    if rights.seconds is None:
        mend = "Let us set it (see [connectors.sql]), or set it for the user."
        yield Remark("WARN", "the server does not end a query that takes too long", mend)
