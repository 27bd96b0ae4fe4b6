"""Makes a llama-index model out of a class path and settings."""

import asyncio
import functools
import importlib
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from pydantic import JsonValue, ValidationError

from connectors.configuration import BadSettings

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

# What a first call would import on the event loop; on a busy machine that takes seconds.
_SLOW = ("llama_index.llms.openai_like", "openai.resources.chat")
_KINDS = {"LLM": "llama-index LLM", "Exception": "exception"}
K = TypeVar("K")
OPENAI_LIKE = "llama_index.llms.openai_like.OpenAILike"


async def imported() -> None:
    """Import llama-index and its client beside the event loop, which has acknowledgements to send."""
    for module in _SLOW:
        await asyncio.to_thread(importlib.import_module, module)


def build(class_path: str, where: str, wishes: Mapping[str, object], arguments: Mapping[str, JsonValue]) -> "LLM":
    """A model of the class at ``class_path``.

    ``wishes`` reach the class where it knows their names and they are not None; ``arguments`` reach it as they are.
    Raises BadSettings, naming the setting below ``where``.
    """
    kind = _class(class_path, where)
    known = set(inspect.signature(kind.__init__).parameters) | set(kind.model_fields)
    for name in ("api_base", "api_key"):
        if wishes.get(name) is not None and name not in known:
            raise BadSettings(f"{where}.{name}: {kind.__name__} has no such argument; name its own under arguments.")
    fitting = {name: wish for name, wish in wishes.items() if wish is not None and name in known}
    try:
        return kind(**{**fitting, **arguments})
    except (ValidationError, TypeError, ValueError, ImportError) as refused:
        raise BadSettings(f"{where}.arguments: {kind.__name__} refuses them: {refused}") from refused


@functools.cache
def failures(paths: tuple[str, ...] = (), where: str = "") -> tuple[type[Exception], ...]:
    """What an integration raises when a call fails: OpenAI's and httpx's errors, Python's own, and those named.

    Raises BadSettings for a path that leads to no exception.
    """
    import httpx
    import openai

    own = [_named(path, f"{where}.errors", Exception) for path in paths]
    return (openai.OpenAIError, httpx.HTTPError, OSError, ValueError, RuntimeError, LookupError, *own)


def speaks_openai(model: "LLM") -> bool:
    """Whether the model sends OpenAI's chat protocol, so that its request fields are understood."""
    from llama_index.llms.openai import OpenAI

    return isinstance(model, OpenAI)


def _class(class_path: str, where: str) -> "type[LLM]":
    from llama_index.core.llms import LLM

    return _named(class_path, f"{where}.class_path", LLM)  # type: ignore[type-abstract]  # only a subclass comes back


def _named(path: str, setting: str, kind: type[K]) -> type[K]:
    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as missing:
        package = "-".join(path.split(".")[:3]).replace("_", "-")
        raise BadSettings(f"{setting}: no {path} ({missing}); `pip install {package}`?") from missing
    if not (inspect.isclass(found) and issubclass(found, kind)):
        raise BadSettings(f"{setting}: {path} is no {_KINDS.get(kind.__name__, kind.__name__)}.")
    return found
