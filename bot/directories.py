"""Who is who by the settings: one directory, or several that complete each other."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

from bot.membership import Together
from bot.settings import Settings
from connectors.directory.port import Directory
from connectors.load import load, vendor

DEMO = Path(__file__).parent.parent / "deploy" / "demo"


async def open_directory(settings: Settings, opened: AsyncExitStack) -> Directory | None:
    """The directories of ``ports.directory`` as one; None when there is none. Raises BadSettings."""
    found = [await opened.enter_async_context(one_directory(settings, name)) for name in directories(settings)]
    return Together(found) if len(found) > 1 else found[0] if found else None


def directories(settings: Settings) -> list[str]:
    """The names of the directories, the one whose names and teams count first."""
    return [name for seam, name in settings.enabled() if seam == "directory" and name]


def one_directory(settings: Settings, name: str) -> AbstractAsyncContextManager[Directory]:
    """One of them, still closed. Raises BadSettings."""
    opening: AbstractAsyncContextManager[Directory] = load(
        "directory", name, {**_given(settings, name), **settings.table("directory", name)}, settings.roots
    )
    return opening


def _given(settings: Settings, name: str) -> Mapping[str, object]:
    """What need not be said twice: a platform's directory signs in as its chat does, and the demo has a rota."""
    if name == "file":
        return {"path": DEMO / "oncall.yaml"} if settings.demo else {}
    known = vendor("directory", name).Settings.model_fields
    return {key: value for key, value in settings.table("chat", name).items() if key in known}
