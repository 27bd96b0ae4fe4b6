"""One cluster that is read: which paths may be asked for, and how a question is written for people."""

from dataclasses import dataclass

from connectors.tools.api import Api
from connectors.tools.kubernetes_objects import Event, Objects, as_events
from connectors.tools.kubernetes_questions import CLUSTER_WIDE, KINDS, Settings, kind_of
from connectors.tools.port import BadArguments, Result, Table

MOST = 500


@dataclass(frozen=True)
class Reading:
    """The API of a cluster and what of it may be read."""

    settings: Settings
    api: Api

    def path(self, kind: str, namespace: str, *, one: bool = False) -> tuple[str, str]:
        """The plural of a kind and its path. Raises BadArguments for what may not be read, or is not there."""
        plural, group = kind_of(kind, self.settings.kinds)
        if plural in CLUSTER_WIDE:
            if self.settings.namespaces:
                raise BadArguments(f"{plural} may not be read: only namespaces {', '.join(self.settings.namespaces)}.")
            return plural, f"{group}/{plural}"
        # Objects of further kinds may be without a namespace; those of the known ones have one.
        if one and not namespace and plural in KINDS:
            raise BadArguments(f"Give the namespace of this {kind}.")
        return plural, f"{group}{self.within(namespace)}/{plural}"

    def within(self, namespace: str) -> str:
        """The part of a path for a namespace, empty for all. Raises BadArguments for one that may not be read."""
        allowed = self.settings.namespaces
        if allowed and namespace not in allowed:
            raise BadArguments(f"Give a namespace that may be read: {', '.join(allowed)}.")
        return f"/namespaces/{namespace}" if namespace else ""

    async def events(self, namespace: str, name: str, *, warnings: bool) -> list[Event]:
        """Events, warnings first, then the newest."""
        fields = [f"involvedObject.name={name}"] if name else []
        fields += ["type=Warning"] if warnings else []
        query = {"limit": str(MOST), **({"fieldSelector": ",".join(fields)} if fields else {})}
        answer = await self.api.get(f"/api/v1{self.within(namespace)}/events", query)
        return as_events(answer.of(Objects, "Kubernetes").items)

    def link(self, namespace: str, kind: str, name: str) -> str:
        """Where people look at it."""
        link = self.settings.link
        for word, value in (("{namespace}", namespace), ("{kind}", kind), ("{name}", name)):
            link = link.replace(word, value)
        return link

    def missing(self, plural: str, name: str, namespace: str, query: str) -> Result:
        """That there is no such object."""
        return Result(f"Not found: {plural} {name}{where(namespace)}.", query, self.link(namespace, plural, name))


def kubectl(*words: str, namespace: str = "") -> str:
    """The command that asks the same."""
    return " ".join(word for word in ("kubectl", *words, f"-n {namespace}" if namespace else "") if word)


def where(namespace: str) -> str:
    """In which namespace, in words."""
    return f" in namespace {namespace}" if namespace else " in any namespace"


def event_table(found: list[Event]) -> Table:
    """Events as a table."""
    return Table(("LAST SEEN", "TYPE", "REASON", "OBJECT", "COUNT", "MESSAGE"), tuple(found))
