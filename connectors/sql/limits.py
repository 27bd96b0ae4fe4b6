"""How much one query may take, wherever it is asked: what the settings of every database have in common."""

from typing import Annotated

from pydantic import BaseModel, Field


class Limits(BaseModel):
    """Of one query, on any database."""

    timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 10.0
    """How long one query may take."""

    max_bytes: Annotated[int, Field(ge=1_000)] = 1_000_000
    """How much of a result is read."""


class ServerLimits(Limits):
    """Of one query on a server."""

    connect_seconds: Annotated[int, Field(ge=1, le=60)] = 5
    """How long connecting may take."""


# Beyond its own time-out a server gets this long to say that it stopped.
GRACE_SECONDS = 1.0


def too_late(seconds: float) -> str:
    """What is said of a query that was stopped at its deadline, by whomever."""
    return f"it took longer than {seconds:g} s"
