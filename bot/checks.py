"""What the doctor looks at: one function per thing that can be wrong, each of which changes nothing."""

import io
import re
import sys
import tomllib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path
from typing import Literal, cast

import httpx
from PIL import Image, ImageDraw, ImageFont

from bot.address import is_ours, own_url, port_problem
from bot.model_files import Status, manifest, needed, status
from bot.model_pull import Disk
from bot.settings import Settings
from connectors.embedding.port import Embedding
from connectors.llm.port import LanguageModel, ModelUnavailable, Prompt
from connectors.load import load
from connectors.ocr.port import Ocr, OcrUnavailable
from connectors.rerank.port import Reranker
from connectors.state.port import State
from knowledge.glossary import read_glossary
from knowledge.opening import open_library
from knowledge.service_graph import read_services
from knowledge.taxonomy import read_taxonomy

Level = Literal["OK", "WARN", "FAIL"]

_ENOUGH_DISK = 1_000_000_000
_SUPPORTED = ((3, 11), (3, 12))
_STALE_DAYS = 90
_SKEW_SECONDS = 60.0


@dataclass(frozen=True)
class Finding:
    """One line of the report; ``mend`` says what to do and is empty when nothing has to be done."""

    check: str
    level: Level
    text: str
    mend: str = ""


@dataclass(frozen=True)
class Examination:
    """What the checks look at, and the world as they see it."""

    settings: Settings
    now: datetime
    deep: bool = False
    disk: Disk = field(default_factory=Disk)


Check = Callable[[Examination], Awaitable[list[Finding]]]


async def python(examination: Examination) -> list[Finding]:
    """The interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] in _SUPPORTED:
        return [Finding("python", "OK", version)]
    return [
        Finding("python", "FAIL", f"{version} is not supported", "Install Python 3.11 or 3.12 and run `make setup`.")
    ]


async def packages(examination: Examination) -> list[Finding]:
    """The installed packages against the pinned versions."""
    wrong = list(_unpinned())
    if not wrong:
        return [Finding("packages", "OK", "as pinned")]
    return [Finding("packages", "WARN", "; ".join(wrong), "Run `make setup`.")]


async def disk(examination: Examination) -> list[Finding]:
    """Whether the two folders can be written, and how much room they have."""
    roots, findings = examination.settings.roots, []
    for name, folder in (("home", roots.home), ("models", roots.models)):
        try:
            examination.disk.try_writing(folder)
        except OSError as denied:
            mend = f"Allow it, or set NIGHTSHIFT_{name.upper()}."
            # Models are only read at run time: a read-only folder of them is a way to share it.
            level: Level = "FAIL" if name == "home" else "WARN"
            findings.append(Finding("disk", level, f"{folder} cannot be written ({denied.strerror or denied})", mend))
            continue
        free = examination.disk.free_bytes(folder)
        text = f"{folder}: {free / 1e9:.1f} GB free"
        findings.append(
            Finding("disk", "OK", text) if free > _ENOUGH_DISK else Finding("disk", "WARN", text, "Free some.")
        )
    return findings


async def clock(examination: Examination) -> list[Finding]:
    """The clock against the endpoint's, or, without one, against the files that were written here."""
    if url := examination.settings.table("llm", "endpoint").get("api_base"):
        seen = await _date_of(str(url))
        skew = (examination.now - seen).total_seconds() if seen else 0.0
        if abs(skew) > _SKEW_SECONDS:
            return [Finding("clock", "WARN", f"{skew:+.0f} s against {url}", "Set the clock (NTP).")]
    home = examination.settings.roots.home
    latest = max((file.stat().st_mtime for file in home.glob("*")), default=0.0) if home.exists() else 0.0
    if latest - examination.now.timestamp() > _SKEW_SECONDS:
        return [Finding("clock", "WARN", f"the clock is behind files in {home}", "Set the clock (NTP).")]
    return [Finding("clock", "OK", f"{examination.now:%Y-%m-%d %H:%M} UTC")]


async def port(examination: Examination) -> list[Finding]:
    """Whether the server can listen, or does so already."""
    web = examination.settings.web
    if not (problem := port_problem(web)):
        return [Finding("port", "OK", f"{web.host}:{web.port} is free")]
    if is_ours(web):
        return [Finding("port", "OK", f"Nightshift answers at {own_url(web)}")]
    return [Finding("port", "FAIL", problem, "`python -m bot settings` shows where it is set.")]


async def models(examination: Examination) -> list[Finding]:
    """The model files that the settings need, by name and size."""
    folder, findings = examination.settings.roots.models, []
    for model in needed(manifest(), examination.settings.enabled()):
        match status(model, folder):
            case Status.READY:
                findings.append(Finding("models", "OK", model.name))
            case Status.UNKNOWN:
                mend = "It will be used; move it away and run `python -m bot models pull` to have the known one."
                findings.append(Finding("models", "WARN", f"{model.name} is not from `models pull`", mend))
            case found:
                mend = "Run `python -m bot models pull`."
                findings.append(Finding("models", "FAIL", f"{model.name} is {found.value}", mend))
    return findings


async def files(examination: Examination) -> list[Finding]:
    """The team's own files, as far as they are named: services, glossary and taxonomy. Raises BadSettings."""
    settings, knowledge = examination.settings, examination.settings.knowledge
    readers: list[tuple[Callable[[Path], object], Path | None]] = [
        (read_services, settings.services_file),
        (read_glossary, knowledge.glossary),
        (read_taxonomy, knowledge.taxonomy),
    ]
    named = [(reader, file) for reader, file in readers if file]
    for reader, file in named:
        reader(file)
    return [Finding("files", "OK", ", ".join(str(file) for _, file in named) or "none of your own")]


async def database(examination: Examination) -> list[Finding]:
    """The database: it opens, and its schema is known."""
    async with cast("AbstractAsyncContextManager[State]", _port(examination, "state")) as state:
        facts = await state.check()
    return [Finding("database", "OK", ", ".join(f"{name} {value}" for name, value in facts.items()))]


async def embedding(examination: Examination) -> list[Finding]:
    """The embedding model: it loads and gives a vector."""
    async with cast("AbstractAsyncContextManager[Embedding]", _port(examination, "embedding")) as opened:
        [vector] = await opened.embed(["disk full"], "query")
        return [Finding("embedding", "OK", f"{opened.identity}, {len(vector)} dimensions")]


async def rerank(examination: Examination) -> list[Finding]:
    """The reranker, where one is switched on: it loads and gives a score."""
    if examination.settings.ports.rerank is None:
        return [Finding("rerank", "OK", "switched off")]
    async with cast("AbstractAsyncContextManager[Reranker]", _port(examination, "rerank")) as opened:
        await opened.score("What fills the disk?", ["Old logs fill the disk."])
        return [Finding("rerank", "OK", f"{opened.identity}, for {', '.join(opened.languages) or 'any language'}")]


async def ocr(examination: Examination) -> list[Finding]:
    """What reads screenshots: it loads and reads a word."""
    if examination.settings.ports.ocr is None:
        return [Finding("ocr", "OK", "switched off: pictures are refused")]
    try:
        async with cast("AbstractAsyncContextManager[Ocr]", _port(examination, "ocr")) as opened:
            found = (await opened.read(_picture_of("ready"))).text
            if examination.settings.ports.ocr != "memory" and "ready" not in found:
                mend = "Run `python -m bot models verify`."
                return [Finding("ocr", "WARN", f"{opened.identity} read {found!r} where it says 'ready'", mend)]
            return [Finding("ocr", "OK", opened.identity)]
    except OcrUnavailable as down:
        return [Finding("ocr", "FAIL", " ".join(str(down).split()))]


async def index(examination: Examination) -> list[Finding]:
    """The index: built with this embedding, not empty, not old."""
    async with open_library(examination.settings) as library:
        facts = await library.facts()
    text = f"{facts.pages} pages, {facts.chunks} passages"
    if facts.advice:
        return [Finding("index", "FAIL", text, facts.advice)]
    days = (examination.now - datetime.fromisoformat(facts.ingested_at)).days if facts.ingested_at else 0
    if days > _STALE_DAYS:
        return [Finding("index", "WARN", f"{text}, {days} days old", "Run `python -m ingest PATH` again.")]
    return [Finding("index", "OK", f"{text}, ingested {facts.ingested_at[:16] or 'at an unknown time'}")]


async def llm(examination: Examination) -> list[Finding]:
    """Every language model: an endpoint is asked for five tokens, the local one only by ``--deep``."""
    if not examination.settings.ports.llm:
        return [Finding("llm", "WARN", "no model is configured; answers are quotes", "Set ports.llm.")]
    return [await _ask_model(examination, name) for name in examination.settings.ports.llm]


CHECKS: dict[str, Check] = {
    "python": python,
    "packages": packages,
    "disk": disk,
    "clock": clock,
    "port": port,
    "models": models,
    "files": files,
    "database": database,
    "embedding": embedding,
    "rerank": rerank,
    "ocr": ocr,
    "index": index,
    "llm": llm,
}


async def _ask_model(examination: Examination, name: str) -> Finding:
    if name == "local" and not examination.deep:
        return Finding("llm", "OK", "local, not asked (`--deep` does)")
    try:
        async with cast("AbstractAsyncContextManager[LanguageModel]", _port(examination, "llm", name)) as model:
            async for piece in model.stream(Prompt("Answer with one word.", "Say: ready"), max_tokens=5):
                if piece.usage:
                    return Finding("llm", "OK", f"{model.name} answered in {piece.usage.seconds:.1f} s")
            return Finding("llm", "WARN", f"{model.name} said nothing", "Try again.")
    except ModelUnavailable as down:
        mend = f"See `python -m bot settings`, connectors.llm.{name}; until then the next model or none answers."
        return Finding("llm", "FAIL", f"{name}: {down}", mend)


def _port(examination: Examination, seam: str, vendor: str | None = None) -> AbstractAsyncContextManager[object]:
    settings = examination.settings
    name = vendor or str(getattr(settings.ports, seam))
    return load(seam, name, settings.table(seam, name), settings.roots)


def _picture_of(word: str) -> bytes:
    image, file = Image.new("RGB", (240, 80), "white"), io.BytesIO()
    ImageDraw.Draw(image).text((20, 20), word, fill="black", font=ImageFont.load_default(32))
    image.save(file, "PNG")
    return file.getvalue()


async def _date_of(url: str) -> datetime | None:
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            said = (await client.head(url)).headers.get("Date", "")
        return parsedate_to_datetime(said).astimezone(UTC)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None


def _unpinned() -> Iterator[str]:
    """Packages whose version differs from the pin, a local part such as `+cpu` aside."""
    for name, pin in _pins():
        try:
            found = metadata.version(name).partition("+")[0]
        except metadata.PackageNotFoundError:
            yield f"{name} {pin} is missing"
            continue
        if found != pin:
            yield f"{name} is {found}, not {pin}"


def _pins() -> Iterator[tuple[str, str]]:
    try:
        lines = metadata.requires("nightshift") or []
    except metadata.PackageNotFoundError:
        project = Path(__file__).parent.parent / "pyproject.toml"
        lines = _declared(project) if project.exists() else []
    for line in lines:
        if "extra ==" not in line and (pin := re.match(r"([\w.-]+)(?:\[[^\]]*\])?==([^\s;]+)", line)):
            yield pin[1], pin[2]


def _declared(project: Path) -> list[str]:
    return list(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"])
