"""Opens what carries remedies out, and reads the catalogue of what may be proposed."""

from contextlib import AsyncExitStack

from bot.catalogue import Catalogue, read_catalogue
from bot.settings import Settings
from connectors.load import load
from connectors.remediation.port import Executor
from knowledge.service_graph import ServiceGraph


async def open_catalogue(settings: Settings, graph: ServiceGraph, opened: AsyncExitStack) -> Catalogue:
    """The catalogue of the settings with its executors, which ``opened`` closes; an empty one where no folder is set.

    Raises BadCatalogue with every mistake, BadSettings, and RemediationUnavailable for an executor that cannot be used.
    """
    executors: dict[str, Executor] = {}
    for name in settings.ports.remediation:
        part = load("remediation", name, settings.table("remediation", name), settings.roots)
        executors[name] = await opened.enter_async_context(part)
    folder = settings.remedies.folder
    return read_catalogue(folder.expanduser(), executors, graph) if folder else Catalogue({}, executors)
