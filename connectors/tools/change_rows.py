"""Changes as a person reads them, whatever system they come from: newest first, a line each, and as a table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.tools.port import Change, Result, Table
from connectors.tools.summary import clock
from connectors.tools.untrusted import one_line

COLUMNS = ("time", "kind", "service", "environment", "version", "what", "by", "state", "link")


@dataclass(frozen=True)
class Asked:
    """What was asked for, in words, exactly, and where people look at it. ``gaps`` says what could not be seen."""

    what: str
    exact: str
    link: str = ""
    gaps: tuple[str, ...] = ()


def told(found: Sequence[Change], asked: Asked, most: int, *, cut: bool = False) -> Result:
    """The newest ``most`` of some changes; ``cut`` when there are more than were found."""
    changes = sorted(found, key=lambda one: (one.at, one.id), reverse=True)
    shown = changes[:most]
    rows = tuple(row(one) for one in shown)
    lines = [f"{len(changes)} {asked.what}:" if changes else f"No {asked.what}.", *map(line, shown)]
    lines += [f"… and {len(changes) - most} more; narrow it." if len(changes) > most else ""]
    lines += ["There are more than were read: shorten the window." if cut else "", *asked.gaps]
    text = "\n".join(one for one in lines if one)
    return Result(
        text,
        asked.exact,
        asked.link,
        Table(COLUMNS, rows) if rows else None,
        truncated=cut or len(changes) > most,
    )


def row(one: Change) -> tuple[str, ...]:
    """A change under COLUMNS."""
    state = ", ".join(f"{key} {value}" for key, value in one.more.items())
    cells = (one.kind, one.service, one.environment, one.version, one.summary, one.author, state)
    return clock(one.at.timestamp()), *(one_line(cell) for cell in cells), one.link


def line(one: Change) -> str:
    """A change in one line."""
    at, kind, service, environment, version, summary, author, state, _ = row(one)
    where = f"{service} → {environment}" if environment else service
    return "".join(
        (
            f"{at} {kind} {where}",
            f" {version}" if version else "",
            f": {summary}",
            f", by {author}" if author else "",
            f" ({state})" if state else "",
        )
    )


def named(asked: str, name: str) -> bool:
    """Whether a name is meant: ``prod`` is production and eu-prod, payments-api is payments; nothing means any."""
    wanted, known = asked.casefold().strip(), name.casefold().strip()
    if not wanted or not known:
        return not wanted
    parts = [known, *re.split(r"[-_./: ]+", known)]
    return wanted.startswith(known) or any(part.startswith(wanted) for part in parts)
