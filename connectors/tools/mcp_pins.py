"""What tools of other people's servers looked like when they were first seen, so that a changed one is noticed."""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

from pydantic import JsonValue, TypeAdapter, ValidationError

from connectors.tools.port import ToolUnavailable

_Kept = dict[str, dict[str, str]]
_SHOWN = 16


def digest(described: JsonValue) -> str:
    """The SHA-256 of a tool's description; the order of keys does not count."""
    written = json.dumps(described, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


class Pins:
    """Digests by server and tool, in a file. ``accepted`` are changes that somebody agreed to: server/tool:digest."""

    def __init__(self, file: Path, accepted: Collection[str]) -> None:
        self._file = file
        self._accepted = accepted

    def refused(self, server: str, digests: dict[str, str]) -> dict[str, str]:
        """Why each tool is refused whose description is no longer the one first seen; new ones are kept.

        Raises ToolUnavailable when the file cannot be read or written.
        """
        kept = self._read()
        known = kept.setdefault(server, {})
        before, refusals = dict(known), {}
        for tool, now in digests.items():
            change = f"{server}/{tool}:{now[:_SHOWN]}"
            if known.setdefault(tool, now) == now:
                continue
            if change in self._accepted:
                known[tool] = now
            else:
                refusals[tool] = (
                    f"The description of {tool} on the MCP server {server} is no longer what it was when it was first "
                    f"seen. Look at it; to use it as it is now, add {change!r} to connectors.tools.mcp.accept."
                )
        if known != before:
            self._write(kept)
        return refusals

    def _read(self) -> _Kept:
        try:
            return TypeAdapter(_Kept).validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as damaged:
            raise ToolUnavailable(
                f"{self._file} cannot be read, so no change of a tool would be noticed. Delete it to trust the MCP "
                "servers as they are now."
            ) from damaged

    def _write(self, kept: _Kept) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part = self._file.with_suffix(".part")
            part.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "utf-8")
            part.replace(self._file)
        except OSError as full:
            raise ToolUnavailable(f"Cannot write {self._file}: {full.strerror}.") from full
