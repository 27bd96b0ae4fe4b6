"""Whom a log line speaks of: the service that wrote it, or the one below that it says has failed."""

import re
from collections.abc import Collection
from functools import lru_cache

from knowledge.service_graph import ServiceGraph

_WRITER = re.compile(r"\"?(?:service(?:[._]name)?|app|application|component)\"?\s*[:=]\s*\"?([\w.-]+)", re.IGNORECASE)


def blamed(line: str, graph: ServiceGraph) -> str:
    """The service that a line of trouble is about; empty when it names none that is known.

    Whoever writes that another has failed is not the one who has: of those that it names, the one that the others
    need. A path such as ``/orders`` names a route and no service.
    """
    named = set(_names(frozenset(graph.services)).findall(line))
    writer = _WRITER.search(line)
    if writer and writer[1] in graph.services:
        named = {writer[1]} | (named & set(graph.depends_on(writer[1], indirectly=True)))
    deepest = [one for one in named if not named & set(graph.depends_on(one, indirectly=True))]
    # Two that do not need each other: the line does not say which of them it is.
    return deepest[0] if len(deepest) == 1 else ""


@lru_cache(maxsize=8)
def _names(services: Collection[str]) -> re.Pattern[str]:
    longest_first = sorted(services, key=len, reverse=True)
    return re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, longest_first)) or '(?!)'})(?![\w-])")
