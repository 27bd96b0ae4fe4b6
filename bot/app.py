"""The composition root: settings become ports, ports become an assistant; the only place that chooses."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bot.answering import fixed_prompts
from bot.assistant import Assistant, give_up, take_up
from bot.ladder import Ladder
from bot.plugin import Plugin
from bot.plugins.people import People
from bot.plugins.services import Services
from bot.ports import Limits, Ports
from bot.rules.terms import content_terms
from bot.settings import Settings
from connectors.embedding.port import EmbeddingUnavailable
from connectors.llm.port import ModelUnavailable
from connectors.load import load
from connectors.state.port import StateUnavailable
from connectors.vectors.port import VectorStoreUnavailable
from knowledge.opening import open_library
from knowledge.service_graph import BadServices, ServiceGraph, read_services

CANNOT_OPEN = (BadServices, EmbeddingUnavailable, ModelUnavailable, StateUnavailable, VectorStoreUnavailable)
"""What opening the assistant may raise; each says in a line or two what to do."""

DEMO = Path(__file__).parent.parent / "deploy" / "demo"


@asynccontextmanager
async def open_assistant(settings: Settings) -> AsyncIterator[Assistant]:
    """The assistant with every port open and its work taken up; all of it closed again at the end."""
    async with AsyncExitStack() as opened:
        library = await opened.enter_async_context(open_library(settings))
        models = [await opened.enter_async_context(_port(settings, "llm", name)) for name in settings.ports.llm]
        graph = _graph(settings)
        plugins = await _plugins(settings, graph, opened)
        # The state comes last, so that at the end work stops before what it works with is closed.
        state = await opened.enter_async_context(_port(settings, "state", settings.ports.state))
        ports = Ports(
            state=state,
            library=library,
            ladder=Ladder(models),
            plugins=plugins,
            chats={},
            services=graph.mentioned,
            terms=content_terms,
            limits=_limits(settings),
            clock=time.monotonic,
        )
        await state.start({"answer": partial(take_up, ports=ports)}, partial(give_up, ports=ports))
        warming = asyncio.create_task(ports.ladder.warm(fixed_prompts()))
        opened.callback(warming.cancel)
        yield Assistant(state=state, library=library)


def _port(settings: Settings, seam: str, name: str, defaults: Mapping[str, object] | None = None) -> Any:  # any port
    return load(seam, name, {**(defaults or {}), **settings.table(seam, name)}, settings.roots)


def _graph(settings: Settings) -> ServiceGraph:
    file = settings.services_file or (DEMO / "services.yaml" if settings.demo else None)
    return read_services(file) if file else ServiceGraph()


async def _plugins(settings: Settings, graph: ServiceGraph, opened: AsyncExitStack) -> tuple[Plugin, ...]:
    plugins: list[Plugin] = [Services(graph)]
    if settings.ports.directory:
        demo = {"path": DEMO / "oncall.yaml"} if settings.demo and settings.ports.directory == "file" else {}
        directory = _port(settings, "directory", settings.ports.directory, demo)
        plugins.append(People(await opened.enter_async_context(directory), graph))
    return tuple(plugins)


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
