"""The composition root: settings become ports, ports become an assistant; the only place that chooses."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.announcing import Announcer
from bot.answering import fixed_prompts
from bot.assistant import Assistant, give_up, take_up
from bot.charts import Charts
from bot.configured import conversations_of, incident_rules_of, limits_of
from bot.directories import DEMO, open_directory
from bot.guards.sql_gate import open_gate
from bot.inbox import ChatInbox
from bot.incident_clicks import IncidentClicks
from bot.ladder import Ladder
from bot.loops import kept_up
from bot.membership import Membership
from bot.plugin import Plugin
from bot.plugins.data import Data
from bot.plugins.diagnosis import Diagnosis as Diagnosed
from bot.plugins.incidents import Incidents
from bot.plugins.live import Live
from bot.plugins.people import People
from bot.plugins.services import Services
from bot.ports import Ports, no_tools
from bot.publishing import Publishing
from bot.redelivery import Redelivery
from bot.remembering import Remembering
from bot.responding import give_up_diagnosis, respond
from bot.rules.live import Known
from bot.rules.screenshots import known_words
from bot.rules.sql_access import sample_readers
from bot.rules.sql_search import Search
from bot.rules.terms import terms_by
from bot.settings import Settings
from bot.sorting import Sorter
from bot.standing import Standing
from bot.toolbox import Toolbox, ToolLimits
from connectors.alerts.port import Listener, Receiver
from connectors.chat.port import Chat, ChatUnavailable
from connectors.embedding.port import EmbeddingUnavailable
from connectors.llm.port import LanguageModel, ModelUnavailable
from connectors.load import load
from connectors.ocr.port import Ocr, OcrUnavailable, Reading
from connectors.rerank.port import RerankUnavailable
from connectors.sql.port import Database
from connectors.state.port import StateUnavailable, Work
from connectors.tools.port import ChangeLog, Recorder, Tools, ToolUnavailable
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.catalogue import Order
from knowledge.glossary import BadGlossary, read_glossary
from knowledge.library import Library
from knowledge.opening import open_library
from knowledge.service_graph import BadServices, ServiceGraph, read_services
from knowledge.taxonomy import read_taxonomy

SPOKEN = "spoken"
"""The one of ``ports.alerts`` that nobody calls: it reads what other bots say in chat."""

CANNOT_OPEN = (
    BadGlossary,
    BadServices,
    ChatUnavailable,
    EmbeddingUnavailable,
    ModelUnavailable,
    RerankUnavailable,
    StateUnavailable,
    ToolUnavailable,
    VectorStoreUnavailable,
)
"""What opening the assistant may raise; each says in a line or two what to do."""


@asynccontextmanager
async def open_assistant(settings: Settings) -> AsyncIterator[Assistant]:
    """The assistant with every port open and its work taken up; all of it closed again at the end."""
    async with AsyncExitStack() as opened:
        graph, toolbox = service_graph(settings), await open_toolbox(settings, opened)
        ports = await _open_ports(settings, graph, toolbox, opened)
        announcer = Announcer(ports.state, ports.membership, ports.public_url, ports.conversations)
        publishing = Publishing(ports.state, ports.chats, announcer, ports.clock, ports.now)
        await ports.state.start(_works(ports, publishing))
        for name, loop in _loops(ports, announcer, publishing).items():
            opened.push_async_callback(_ended, asyncio.create_task(kept_up(name, loop)))
        order, changes = order_of(settings, graph), _change_log(toolbox)
        receivers, listener = await _open_alerts(settings, opened)
        assistant = Assistant(ports.state, ports.library, ports.membership, order, ports.chats, changes, receivers)
        clicks = IncidentClicks(announcer, ports.conversations, publishing.wake)
        inbox = ChatInbox(assistant, ports.chats, listener, clicks)
        opened.push_async_callback(inbox.close)
        for chat in ports.chats.values():
            await chat.listen(inbox)
        yield assistant


def _works(ports: Ports, publishing: Publishing) -> Mapping[str, Work]:
    """The kinds of durable work."""
    return {
        "answer": Work(partial(take_up, ports=ports), partial(give_up, ports=ports)),
        "diagnose": Work(
            partial(respond, ports=ports, shown=publishing.wake),
            partial(give_up_diagnosis, ports=ports, shown=publishing.wake),
        ),
    }


def _loops(
    ports: Ports, announcer: Announcer, publishing: Publishing
) -> Mapping[str, Callable[[], Coroutine[None, None, None]]]:
    """What goes on beside the work that is asked for, until the end."""
    return {
        "warming": partial(ports.ladder.warm, fixed_prompts()),
        "redelivery": Redelivery(ports).run,
        "sorting": Sorter(ports.state, ports.graph, ports.incidents, ports.now).run,
        "publishing": publishing.run,
        "remembering": Remembering(announcer, ports.library, ports.conversations, ports.now).run,
    }


async def _ended(task: asyncio.Task[None]) -> None:
    """End a loop, in the order of the stack: what it works with is closed behind it."""
    task.cancel()
    await asyncio.wait({task})


async def _open_ports(
    settings: Settings, graph: ServiceGraph, toolbox: Toolbox | None, opened: AsyncExitStack
) -> Ports:
    library = await opened.enter_async_context(open_library(settings))
    models = [await opened.enter_async_context(_port(settings, "llm", name)) for name in settings.ports.llm]
    directory = await open_directory(settings, opened)
    remembers, people = Incidents(library, graph), People(directory, graph) if directory else None
    plugins: tuple[Plugin, ...] = (Services(graph), *([people] if people else []), remembers)
    plugins += await _data(settings, models, library, opened)
    live = Known(graph.services, settings.tools.logs)
    plugins += (Live(toolbox, Ladder(models), live),) if toolbox else ()
    chats = await _open_chats(settings, opened)
    # The state comes last, so that at the end work stops before what it works with is closed.
    state = await opened.enter_async_context(_port(settings, "state", settings.ports.state))
    return Ports(
        state=state,
        library=library,
        ladder=Ladder(models),
        plugins=(*plugins, Diagnosed(state, library)),
        chats=chats,
        services=graph.mentioned,
        terms=terms_by(read_glossary(settings.knowledge.glossary)),
        limits=limits_of(settings),
        clock=time.monotonic,
        standing=Standing(state, time.monotonic),
        membership=Membership(directory),
        ocr=await _ocr(settings, opened),
        known=known_words(graph.services),
        conversations=conversations_of(settings),
        charts=Charts(settings.roots.home / "charts"),
        graph=graph,
        taxonomy=read_taxonomy(settings.knowledge.taxonomy),
        toolbox=toolbox or no_tools(),
        live=live,
        recalling=(remembers,),
        duties=people.now if people else None,
        incidents=incident_rules_of(settings),
        public_url=settings.web.public_url,
    )


async def _open_chats(settings: Settings, opened: AsyncExitStack) -> Mapping[str, Chat]:
    page = {"public_url": settings.web.public_url}
    return {name: await opened.enter_async_context(_port(settings, "chat", name, page)) for name in settings.ports.chat}


def order_of(settings: Settings, services: ServiceGraph) -> Order:
    """By what the catalogue is ordered and judged. Raises BadTaxonomy."""
    return Order(services, read_taxonomy(settings.knowledge.taxonomy), settings.knowledge.stale_days)


def _port(settings: Settings, seam: str, name: str, defaults: Mapping[str, object] | None = None) -> Any:  # any port
    return load(seam, name, {**(defaults or {}), **settings.table(seam, name)}, settings.roots)


def service_graph(settings: Settings) -> ServiceGraph:
    """The services that the settings name, the demo's when they name none. Raises BadServices."""
    file = settings.services_file or (DEMO / "services.yaml" if settings.demo else None)
    return read_services(file) if file else ServiceGraph()


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


async def _data(
    settings: Settings, models: Sequence[LanguageModel], library: Library, opened: AsyncExitStack
) -> tuple[Plugin, ...]:
    if not settings.ports.sql:
        return ()
    database: Database = await opened.enter_async_context(_port(settings, "sql", settings.ports.sql))
    addresses = [str(settings.table("llm", name).get("api_base", "")) for name in settings.ports.llm if name != "local"]
    terms = terms_by(read_glossary(settings.knowledge.glossary))
    shows = sample_readers(settings.data.samples, addresses)
    gate = open_gate(database, dict(settings.data))
    data = Data(gate, Ladder(models), terms, Search(library.annex("schema")), shows)
    await data.check()
    return (data,)


def _change_log(toolbox: Toolbox | None) -> ChangeLog | None:
    """Where changes that other systems report are kept."""
    owners = toolbox.owners.values() if toolbox else ()
    return next((one for one in owners if isinstance(one, ChangeLog)), None)


async def open_toolbox(settings: Settings, opened: AsyncExitStack) -> Toolbox | None:
    """The live systems of the settings behind one door; None when there are none. Raises ToolUnavailable."""
    demo = {"folder": DEMO / "recorded"} if settings.demo and not settings.ports.tools else {}
    owners: dict[str, Tools] = {
        name: await opened.enter_async_context(_port(settings, "tools", name, demo))
        for name in settings.ports.tools or (("recorded",) if demo else ())
    }
    if not owners:
        return None
    recorder: Recorder | None = None
    if settings.tools.record:
        recorder = await opened.enter_async_context(
            load("tools", "recorded", {"folder": settings.tools.record}, settings.roots)
        )
    box = Toolbox(
        owners,
        settings.roots.home / "tools",
        time.monotonic,
        ToolLimits(seconds=settings.tools.seconds),
        recorder,
    )
    box.shelf.forget(time.time() - settings.tools.kept_days * 86_400)
    return box


async def _open_alerts(settings: Settings, opened: AsyncExitStack) -> tuple[Mapping[str, Receiver], Listener | None]:
    """What takes the calls of monitoring systems, and what finds alerts in chat."""
    names = [name for name in settings.ports.alerts if name != SPOKEN]
    receivers = {name: await opened.enter_async_context(_port(settings, "alerts", name)) for name in names}
    if SPOKEN not in settings.ports.alerts:
        return receivers, None
    return receivers, await opened.enter_async_context(_port(settings, "alerts", SPOKEN))
