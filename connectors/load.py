"""Finds a vendor's adapter by the names of its seam and itself, importing only what is enabled."""

import importlib
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, cast

from pydantic import BaseModel

from connectors.configuration import Roots, validate


class Vendor(Protocol):
    """What every vendor file promises: its settings, and a port that opens and closes its own resources."""

    Settings: type[BaseModel]

    def connect(self, settings: BaseModel) -> AbstractAsyncContextManager[Any]:
        """Open the port described by ``settings``."""


class UnknownVendor(LookupError):
    """There is no such connector."""


def vendor(seam: str, name: str) -> Vendor:
    """Import ``connectors/<seam>/<name>.py``; UnknownVendor when there is no such file."""
    module = f"connectors.{seam}.{name}"
    try:
        return cast("Vendor", importlib.import_module(module))
    except ModuleNotFoundError as missing:
        if missing.name != module:
            raise
        raise UnknownVendor(f"No connector {name!r} for {seam}: there is no connectors/{seam}/{name}.py.") from missing


def load(seam: str, name: str, table: Mapping[str, object], roots: Roots) -> AbstractAsyncContextManager[Any]:
    """Validate ``[connectors.<seam>.<name>]`` and return the port it describes, still closed."""
    found = vendor(seam, name)
    return found.connect(validate(found.Settings, table, roots, f"connectors.{seam}.{name}"))
