"""Checks of the parts that answer: models, files, databases, the index; each is opened and tried."""

import io
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import cast

from PIL import Image, ImageDraw, ImageFont

from bot.checks.examination import Examination, Finding, opened
from bot.guards.sql_gate import open_gate
from bot.guards.sql_rights import remarks
from bot.model_files import Status, manifest, needed, status
from connectors.embedding.port import Embedding
from connectors.llm.port import LanguageModel, ModelUnavailable, Prompt
from connectors.ocr.port import Ocr, OcrUnavailable
from connectors.rerank.port import Reranker
from connectors.sql.port import Database
from connectors.state.port import State
from knowledge.glossary import read_glossary
from knowledge.opening import open_library
from knowledge.service_graph import read_services
from knowledge.taxonomy import read_taxonomy

_STALE_DAYS = 90


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
    async with cast("AbstractAsyncContextManager[State]", opened(examination, "state")) as state:
        facts = await state.check()
    return [Finding("database", "OK", ", ".join(f"{name} {value}" for name, value in facts.items()))]


async def data(examination: Examination) -> list[Finding]:
    """The database that questions are asked of: what is seen and named, and that nobody could write to it."""
    if examination.settings.ports.sql is None:
        return [Finding("data", "OK", "no database to ask")]
    async with cast("AbstractAsyncContextManager[Database]", opened(examination, "sql")) as part:
        found = await remarks(open_gate(part, dict(examination.settings.data)))
    return [Finding("data", one.level, one.text, one.mend) for one in found]


async def embedding(examination: Examination) -> list[Finding]:
    """The embedding model: it loads and gives a vector."""
    async with cast("AbstractAsyncContextManager[Embedding]", opened(examination, "embedding")) as part:
        [vector] = await part.embed(["disk full"], "query")
        return [Finding("embedding", "OK", f"{part.identity}, {len(vector)} dimensions")]


async def rerank(examination: Examination) -> list[Finding]:
    """The reranker, where one is switched on: it loads and gives a score."""
    if examination.settings.ports.rerank is None:
        return [Finding("rerank", "OK", "switched off")]
    async with cast("AbstractAsyncContextManager[Reranker]", opened(examination, "rerank")) as part:
        await part.score("What fills the disk?", ["Old logs fill the disk."])
        return [Finding("rerank", "OK", f"{part.identity}, for {', '.join(part.languages) or 'any language'}")]


async def ocr(examination: Examination) -> list[Finding]:
    """What reads screenshots: it loads and reads a word."""
    if examination.settings.ports.ocr is None:
        return [Finding("ocr", "OK", "switched off: pictures are refused")]
    try:
        async with cast("AbstractAsyncContextManager[Ocr]", opened(examination, "ocr")) as part:
            found = (await part.read(_picture_of("ready"))).text
            if examination.settings.ports.ocr != "memory" and "ready" not in found:
                mend = "Run `python -m bot models verify`."
                return [Finding("ocr", "WARN", f"{part.identity} read {found!r} where it says 'ready'", mend)]
            return [Finding("ocr", "OK", part.identity)]
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


async def _ask_model(examination: Examination, name: str) -> Finding:
    if name == "local" and not examination.deep:
        return Finding("llm", "OK", "local, not asked (`--deep` does)")
    try:
        async with cast("AbstractAsyncContextManager[LanguageModel]", opened(examination, "llm", name)) as model:
            async for piece in model.stream(Prompt("Answer with one word.", "Say: ready"), max_tokens=5):
                if piece.usage:
                    return Finding("llm", "OK", f"{model.name} answered in {piece.usage.seconds:.1f} s")
            return Finding("llm", "WARN", f"{model.name} said nothing", "Try again.")
    except ModelUnavailable as down:
        mend = f"See `python -m bot settings`, connectors.llm.{name}; until then the next model or none answers."
        return Finding("llm", "FAIL", f"{name}: {down}", mend)


def _picture_of(word: str) -> bytes:
    image, file = Image.new("RGB", (240, 80), "white"), io.BytesIO()
    ImageDraw.Draw(image).text((20, 20), word, fill="black", font=ImageFont.load_default(32))
    image.save(file, "PNG")
    return file.getvalue()
