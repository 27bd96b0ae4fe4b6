"""The composition root: settings become ports, ports become an assistant; the only place that chooses."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bot.answering import fixed_prompts
from bot.assistant import Assistant, give_up, take_up
from bot.ladder import Ladder
from bot.membership import Membership
from bot.plugin import Plugin
from bot.plugins.data import Data
from bot.plugins.incidents import Incidents
from bot.plugins.people import People
from bot.plugins.services import Services
from bot.ports import Limits, Ports
from bot.rules.screenshots import known_words
from bot.rules.sql_access import Policy
from bot.rules.terms import Terms, terms_by
from bot.settings import Settings
from bot.standing import Standing
from connectors.directory.port import Directory
from connectors.embedding.port import EmbeddingUnavailable
from connectors.llm.port import LanguageModel, ModelUnavailable
from connectors.load import load
from connectors.ocr.port import Ocr, OcrUnavailable, Reading
from connectors.rerank.port import RerankUnavailable
from connectors.sql.port import Database
from connectors.state.port import StateUnavailable
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.catalogue import Order
from knowledge.glossary import BadGlossary, read_glossary
from knowledge.library import Library
from knowledge.opening import open_library
from knowledge.service_graph import BadServices, ServiceGraph, read_services
from knowledge.taxonomy import read_taxonomy

CANNOT_OPEN = (
    BadGlossary,
    BadServices,
    EmbeddingUnavailable,
    ModelUnavailable,
    RerankUnavailable,
    StateUnavailable,
    VectorStoreUnavailable,
)
"""What opening the assistant may raise; each says in a line or two what to do."""

DEMO = Path(__file__).parent.parent / "deploy" / "demo"


@asynccontextmanager
async def open_assistant(settings: Settings) -> AsyncIterator[Assistant]:
    """The assistant with every port open and its work taken up; all of it closed again at the end."""
    async with AsyncExitStack() as opened:
        library = await opened.enter_async_context(open_library(settings))
        models = [await opened.enter_async_context(_port(settings, "llm", name)) for name in settings.ports.llm]
        graph = service_graph(settings)
        directory = await _directory(settings, opened)
        plugins = _plugins(library, graph, directory)
        glossary = read_glossary(settings.knowledge.glossary)
        plugins += await _data(settings, models, terms_by(glossary), opened)
        membership = Membership(directory)
        # The state comes last, so that at the end work stops before what it works with is closed.
        state = await opened.enter_async_context(_port(settings, "state", settings.ports.state))
        ports = Ports(
            state=state,
            library=library,
            ladder=Ladder(models),
            plugins=plugins,
            chats={},
            services=graph.mentioned,
            terms=terms_by(glossary),
            limits=_limits(settings),
            clock=time.monotonic,
            standing=Standing(state, time.monotonic),
            membership=membership,
            ocr=await _ocr(settings, opened),
            known=known_words(graph.services),
        )
        await state.start({"answer": partial(take_up, ports=ports)}, partial(give_up, ports=ports))
        warming = asyncio.create_task(ports.ladder.warm(fixed_prompts()))
        opened.callback(warming.cancel)
        yield Assistant(state=state, library=library, membership=membership, order=order_of(settings, graph))


def order_of(settings: Settings, services: ServiceGraph) -> Order:
    """By what the catalogue is ordered and judged. Raises BadTaxonomy."""
    return Order(services, read_taxonomy(settings.knowledge.taxonomy), settings.knowledge.stale_days)


def _port(settings: Settings, seam: str, name: str, defaults: Mapping[str, object] | None = None) -> Any:  # any port
    return load(seam, name, {**(defaults or {}), **settings.table(seam, name)}, settings.roots)


def service_graph(settings: Settings) -> ServiceGraph:
    """The services that the settings name, the demo's when they name none. Raises BadServices."""
    file = settings.services_file or (DEMO / "services.yaml" if settings.demo else None)
    return read_services(file) if file else ServiceGraph()


async def _directory(settings: Settings, opened: AsyncExitStack) -> Directory | None:
    if not settings.ports.directory:
        return None
    demo = {"path": DEMO / "oncall.yaml"} if settings.demo and settings.ports.directory == "file" else {}
    opening: AbstractAsyncContextManager[Directory] = _port(settings, "directory", settings.ports.directory, demo)
    return await opened.enter_async_context(opening)


async def _ocr(settings: Settings, opened: AsyncExitStack) -> Ocr | None:
    if not settings.ports.ocr:
        return None
    try:
        reader: Ocr = await opened.enter_async_context(_port(settings, "ocr", settings.ports.ocr))
    except OcrUnavailable as missing:
        # Most questions come without a picture; whoever sends one is told what is missing.
        return MissingOcr(str(missing))
    return reader


@dataclass
class MissingOcr:
    """A reader that could not be opened, and says so for every picture."""

    reason: str
    identity: str = "missing"

    async def read(self, image: bytes) -> Reading:
        """Raises OcrUnavailable."""
        raise OcrUnavailable(self.reason)

    async def redraw(self, image: bytes) -> bytes:
        """Raises OcrUnavailable."""
        raise OcrUnavailable(self.reason)


def _plugins(library: Library, graph: ServiceGraph, directory: Directory | None) -> tuple[Plugin, ...]:
    return (Services(graph), *([People(directory, graph)] if directory else []), Incidents(library, graph))


async def _data(
    settings: Settings, models: Sequence[LanguageModel], terms: Terms, opened: AsyncExitStack
) -> tuple[Plugin, ...]:
    if not settings.ports.sql:
        return ()
    database: Database = await opened.enter_async_context(_port(settings, "sql", settings.ports.sql))
    return (Data(database, Ladder(models), terms, Policy(**dict(settings.data))),)


def _limits(settings: Settings) -> Limits:
    most = settings.answer
    return Limits(
        rounds=most.max_rounds,
        seconds=most.time_budget_seconds,
        evidence_tokens=most.evidence_tokens,
        local_evidence_tokens=most.local_evidence_tokens,
        output_tokens=most.max_output_tokens,
        local_output_tokens=most.local_max_output_tokens,
        hits=most.hits,
    )
