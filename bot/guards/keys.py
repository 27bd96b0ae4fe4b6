"""A secret key of this installation: made once, and kept in a file that only its owner reads."""

import os
import secrets
import stat
from pathlib import Path

_BYTES = 32


class UnsafeKey(Exception):
    """The key's file cannot be used; the message says which, and what to do."""


def kept_key(path: Path) -> bytes:
    """The key in this file; made at the first call, and the same for all processes that call at once.

    Raises UnsafeKey when others may read the file, or when what is in it is no key.
    """
    if not path.exists():
        _make(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise UnsafeKey(f"{path} can be read by others (mode {mode:04o}): chmod 600 {path}, or remove it for a new key")
    key = path.read_bytes()
    if len(key) < _BYTES:
        raise UnsafeKey(f"{path} is too short for a key: remove it, and a new one is made")
    return key


def _make(path: Path) -> None:
    """Put a new key there as a whole, unless another process was faster."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A link never replaces what is there: whoever comes second takes the first one's key.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
