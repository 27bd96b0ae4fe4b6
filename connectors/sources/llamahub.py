"""Any llama-index reader (llamahub.ai) as a source, named by its class path."""

import asyncio
import contextlib
import importlib
import inspect
import json
import re
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, Field, JsonValue, Secret, ValidationError

from connectors.configuration import BadSettings
from connectors.sources.formats.conversation import title as first_line
from connectors.sources.formats.files import digest
from connectors.sources.formats.limits import limited, of_parts
from connectors.sources.formats.markdown import labels_from
from connectors.sources.listing import stamp
from connectors.sources.port import Document, Entry, Kind, Source, SourceUnavailable, Unreadable

if TYPE_CHECKING:
    from llama_index.core.readers.base import BaseReader
    from llama_index.core.schema import Document as Loaded

_WHERE = "connectors.sources.llamahub"
_WEB_LINK = re.compile(r"https?://[^\s()<>]{1,2000}")
# In this order: a reader that has its own synchronous way may have an asynchronous one that merely wraps it.
_WAYS = ("load_data", "lazy_load_data", "aload_data")
T = TypeVar("T")


class Settings(BaseModel):
    """Which reader, and what to give it."""

    reader: str
    """The class path, for example ``llama_index.readers.file.CSVReader``; only this class is imported."""

    arguments: Secret[dict[str, JsonValue]] | None = None
    """What the class is made with; see its page on llamahub.ai. Keys and passwords in it are never shown."""

    load: Secret[dict[str, JsonValue]] | None = None
    """What its ``load_data`` is called with."""

    name: str = ""
    """What the source is called in the library; the class's name when empty."""

    id_key: str = ""
    """Metadata that names a document for good, for example ``file_path`` or ``url``; documents that share one are
    joined. When empty, the id that the reader gives counts, and without one the content is its own name."""

    title_keys: tuple[str, ...] = ("title", "name", "subject", "file_name")
    """Metadata that may hold the title, the first that does counts."""

    link_keys: tuple[str, ...] = ("url", "link", "web_url", "html_url", "permalink", "source")
    """Metadata that may hold the address, the first that is http or https counts."""

    kind: Kind = "page"
    """What the documents are: ``page``, ``incident``, ``ticket`` or ``thread``."""

    readers: tuple[str, ...] = ()
    """Groups that may read the documents; empty: everybody."""

    timeout_seconds: float = Field(default=600, gt=0)
    """How long setting up, or one loading of everything, may take."""

    max_bytes: int = Field(default=20_000_000, gt=0)
    """Documents above this size are not read, in bytes."""


class LlamaHubSource:
    """Loads everything to list it, and keeps that until the next listing: a reader knows no other way."""

    def __init__(self, settings: Settings, reader: "BaseReader") -> None:
        self.name = settings.name or type(reader).__name__
        self.skipped: Mapping[str, int] = {}
        self._settings = settings
        self._reader = reader
        self._loaded: Mapping[str, Document] | None = None

    async def entries(self) -> list[Entry]:
        """All documents, loaded anew, in the order of the reader."""
        self._loaded = await self._load()
        readers = self._settings.readers
        return [
            Entry(one.id, stamp(one.digest, readers=readers), len(one.text.encode(errors="replace")))
            for one in self._loaded.values()
        ]

    async def documents(self, ids: list[str]) -> AsyncIterator[Document | Unreadable]:
        """The named documents as they were last listed."""
        if self._loaded is None:
            self._loaded = await self._load()
        for id in ids:
            document = self._loaded.get(id)
            if document is None:
                yield Unreadable(id, "no longer among what the reader loads")
            elif len(document.text.encode(errors="replace")) > self._settings.max_bytes:
                yield Unreadable(id, f"larger than {self._settings.max_bytes / 1e6:g} MB")
            else:
                yield document

    async def _load(self) -> Mapping[str, Document]:
        secrets = [*_leaves(_given(self._settings.arguments)), *_leaves(_given(self._settings.load))]
        task = await _aside(self._call, self._settings.timeout_seconds)
        if task is None:
            raise SourceUnavailable(
                f"{self.name}: not loaded within {self._settings.timeout_seconds:g} s; raise {_WHERE}.timeout_seconds."
            )
        failure = task.exception()
        if failure is not None:
            reason = _told(failure, secrets)
            hint = f" Check {_WHERE}.load." if isinstance(failure, TypeError) else ""
            raise SourceUnavailable(f"{self.name}: {self._settings.reader} could not load: {reason}{hint}") from None
        loaded = [one for one in task.result() if one.text.strip()]
        self.skipped = {"no text in it": len(task.result()) - len(loaded)} if len(loaded) < len(task.result()) else {}
        return joined(loaded, self._settings)

    async def _call(self) -> "list[Loaded]":
        way = next((way for way in _WAYS if _own(type(self._reader), way)), _WAYS[0])
        found: object = getattr(self._reader, way)(**_given(self._settings.load))
        loaded = await found if inspect.iscoroutine(found) else found
        return list(cast("Iterable[Loaded]", loaded))


def joined(loaded: "Sequence[Loaded]", settings: Settings) -> dict[str, Document]:
    """Documents by id; parts that share one (the pages of a file) become one document, in their order."""
    parts: dict[str, list[Loaded]] = {}
    same: Counter[str] = Counter()
    for one in loaded:
        parts.setdefault(_id(one, settings.id_key, same), []).append(one)
    return {id: _document(id, some, settings) for id, some in parts.items()}


def _id(one: "Loaded", key: str, same: Counter[str]) -> str:
    named = str(one.metadata.get(key, "")).strip() if key else ""
    # An id that the reader did not set is another one at every loading.
    if named or "id_" in one.model_fields_set:
        return named or one.doc_id
    content = digest(one.text.encode(errors="replace"))[:16]
    same[content] += 1
    return content if same[content] == 1 else f"{content}-{same[content]}"


def _document(id: str, parts: "Sequence[Loaded]", settings: Settings) -> Document:
    first = parts[0]
    text = "\n\n".join(part.text for part in parts)
    title = next((found for key in settings.title_keys if (found := str(first.metadata.get(key) or "").strip())), "")
    addresses = (str(first.metadata.get(key) or "") for key in settings.link_keys)
    shown = {*settings.title_keys, *settings.link_keys}
    told: list[Mapping[object, object]] = [
        {key: value for key, value in one.metadata.items() if key not in shown} for one in parts
    ]
    labels = of_parts([labels_from(one) for one in told])
    resource = first.text_resource
    return Document(
        id=id,
        title=title or first_line(text) or id,
        text=text,
        digest=_digest(parts),
        link=next((address for address in addresses if _WEB_LINK.fullmatch(address)), id),
        media_type=(resource.mimetype if resource else None) or "text/plain",
        labels=limited(labels, text),
        kind=settings.kind,
        readers=settings.readers,
    )


def _digest(parts: "Sequence[Loaded]") -> str:
    """Metadata that the reader itself keeps out of an embedding (times of access, sizes) does not make a change."""
    told = [
        [part.text, {key: part.metadata[key] for key in part.metadata if key not in part.excluded_embed_metadata_keys}]
        for part in parts
    ]
    return digest(json.dumps(told, sort_keys=True, default=str).encode(errors="replace"))


def _read_class(path: str) -> "type[BaseReader]":
    from llama_index.core.readers.base import BaseReader

    module, _, name = path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except AttributeError:
        raise BadSettings(f"{_WHERE}.reader: {module} has no {name}; its page on llamahub.ai says the name.") from None
    except (ImportError, ValueError) as missing:
        raise BadSettings(f"{_WHERE}.reader: no {path} ({missing}); `pip install {_package(path, missing)}`?") from None
    if not (inspect.isclass(found) and issubclass(found, BaseReader)):
        raise BadSettings(f"{_WHERE}.reader: {path} is no llama-index reader.")
    return found


def _package(path: str, missing: Exception) -> str:
    """What to install for a class path, or for what the class's own module did not find."""
    module = missing.name or "" if isinstance(missing, ModuleNotFoundError) else ""
    if module and not path.startswith(module):
        return module.partition(".")[0]
    parts = path.split(".")
    return "-".join(parts[:3] if parts[:2] == ["llama_index", "readers"] else parts[:1]).replace("_", "-")


def _given(values: Secret[dict[str, JsonValue]] | None) -> dict[str, JsonValue]:
    return values.get_secret_value() if values else {}


def _own(kind: "type[BaseReader]", way: str) -> bool:
    from llama_index.core.readers.base import BaseReader

    return getattr(kind, way) is not getattr(BaseReader, way)


def _leaves(value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _told(failure: BaseException, secrets: Iterable[str]) -> str:
    """The failure's own words without anything that was given to the reader, in one line of at most 300 characters."""
    if isinstance(failure, ValidationError):
        mistakes = failure.errors(include_input=False, include_url=False, include_context=False)
        text = "; ".join(f"{'.'.join(map(str, mistake['loc']))}: {mistake['msg']}" for mistake in mistakes)
    else:
        text = str(failure)
    for secret in sorted({form for one in secrets for form in _forms(one)}, key=len, reverse=True):
        # What is short may stand in any word; it is only taken out where it stands alone.
        alone = rf"(?<!\w){re.escape(secret)}(?!\w)"
        text = text.replace(secret, "***") if len(secret) > 3 else re.sub(alone, "***", text)
    return f"{type(failure).__name__}: {' '.join(text.split())}"[:300]


def _forms(secret: str) -> set[str]:
    """A value as messages quote it: as it is, in an address, and with escapes."""
    return {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]} - {""}


async def _aside(work: Callable[[], Coroutine[None, None, T]], seconds: float) -> "asyncio.Task[T] | None":
    """``work`` done in a thread with an event loop of its own; None when it takes longer.

    A thread cannot be stopped: it is left behind, and does not keep the program from ending. A failure of any kind
    stays in the task that comes back.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[asyncio.Task[T]] = loop.create_future()

    def hand_over(task: "asyncio.Task[T]") -> None:
        if not outcome.done():
            outcome.set_result(task)

    async def attempt() -> None:
        task = asyncio.ensure_future(work())
        try:
            await asyncio.wait({task})
        finally:
            with contextlib.suppress(RuntimeError):  # nobody waits any more: the loop was closed
                loop.call_soon_threadsafe(hand_over, task)

    def run() -> None:
        with contextlib.suppress(SystemExit, KeyboardInterrupt):  # a reader's, which the task has kept
            asyncio.run(attempt())

    threading.Thread(target=run, name="llamahub", daemon=True).start()
    try:
        return await asyncio.wait_for(outcome, seconds)
    except TimeoutError:
        return None


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Source]:
    """Make the reader; nothing is loaded before it is listed. Raises BadSettings."""
    arguments = _given(settings.arguments)

    async def make() -> "BaseReader":
        return _read_class(settings.reader)(**arguments)

    task = await _aside(make, settings.timeout_seconds)
    if task is None:
        raise BadSettings(
            f"{_WHERE}.reader: {settings.reader} not set up within {settings.timeout_seconds:g} s; check its arguments."
        )
    failure = task.exception()
    if isinstance(failure, BadSettings):
        raise failure
    if failure is not None:
        reason = _told(failure, _leaves(arguments))
        raise BadSettings(f"{_WHERE}.arguments: {settings.reader} refuses them: {reason}") from None
    yield LlamaHubSource(settings, task.result())
