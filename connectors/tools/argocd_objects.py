"""What Argo CD answers with: applications, their history, their resources, and how each is told."""

import datetime as dt

from pydantic import BaseModel, Field, JsonValue, TypeAdapter, ValidationError

from connectors.tools.kubernetes_objects import Object, changes, leaves
from connectors.tools.port import Change
from connectors.tools.untrusted import headline, one_line

_HERE = "https://kubernetes.default.svc"
_LONGEST_DIFFERENCE = 40


class _Metadata(BaseModel):
    name: str
    namespace: str = ""


class _Source(BaseModel):
    repository: str = Field(default="", alias="repoURL")
    path: str = ""
    chart: str = ""
    target: str = Field(default="", alias="targetRevision")

    def __str__(self) -> str:
        where = self.chart or f"{self.repository} {self.path}".strip()
        return f"{where} at {self.target or 'HEAD'}"


class _Destination(BaseModel):
    server: str = ""
    name: str = ""
    namespace: str = ""

    def __str__(self) -> str:
        cluster = self.name or ("in-cluster" if self.server == _HERE else self.server)
        return "/".join(part for part in (cluster, self.namespace) if part)


class _Spec(BaseModel):
    project: str = ""
    source: _Source | None = None
    sources: list[_Source] = []
    destination: _Destination = _Destination()


class _Health(BaseModel):
    status: str = ""
    message: str = ""


class _Sync(BaseModel):
    status: str = ""
    revision: str = ""
    revisions: list[str] = []


class _Operation(BaseModel):
    phase: str = ""
    message: str = ""
    started_at: dt.datetime | None = Field(default=None, alias="startedAt")
    finished_at: dt.datetime | None = Field(default=None, alias="finishedAt")


class _Initiator(BaseModel):
    username: str = ""
    automated: bool = False


class Revision(BaseModel):
    """One entry of an application's history."""

    id: int = 0
    revision: str = ""
    revisions: list[str] = []
    deployed_at: dt.datetime = Field(alias="deployedAt")
    source: _Source | None = None
    sources: list[_Source] = []
    by: _Initiator = Field(default=_Initiator(), alias="initiatedBy")

    @property
    def number(self) -> str:
        """The commit or chart version; that of the first source when there are several."""
        return self.revision or next(iter(self.revisions), "")

    @property
    def from_git(self) -> bool:
        """Whether there is a commit behind it."""
        return bool(self.source and not self.source.chart and self.number)


class Commit(BaseModel):
    """What Argo CD knows of a revision."""

    author: str = ""
    message: str = ""


class Resource(BaseModel):
    """A resource that an application manages."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    status: str = ""
    health: _Health | None = None

    @property
    def troubled(self) -> bool:
        """Whether it differs from what it should be, or is not well."""
        return self.status not in ("", "Synced") or bool(
            self.health and self.health.status not in ("", "Healthy", "Suspended")
        )

    def __str__(self) -> str:
        well = f", {self.health.status} {one_line(self.health.message)}".rstrip() if self.health else ""
        return f"{self.kind} {self.namespace}/{self.name}: {self.status or 'unknown'}{well}"


class _Condition(BaseModel):
    type: str = ""
    message: str = ""
    since: str = Field(default="", alias="lastTransitionTime")


class _Status(BaseModel):
    sync: _Sync = _Sync()
    health: _Health = _Health()
    operation: _Operation | None = Field(default=None, alias="operationState")
    history: list[Revision] = []
    conditions: list[_Condition] = []
    resources: list[Resource] = []


class Application(BaseModel):
    """An application, as much of it as was asked for."""

    metadata: _Metadata
    spec: _Spec = _Spec()
    status: _Status = _Status()

    @property
    def row(self) -> tuple[str, ...]:
        """Name, project, sync, health, last operation, where it goes and where it comes from."""
        last = self.status.operation or _Operation()
        ended = last.finished_at or last.started_at
        return (
            self.metadata.name,
            self.spec.project,
            self.status.sync.status or "Unknown",
            self.status.health.status or "Unknown",
            f"{last.phase} {ended:%Y-%m-%d %H:%M}" if ended else last.phase,
            one_line(str(self.spec.destination)),
            one_line(str(self.spec.source or next(iter(self.spec.sources), ""))),
        )

    @property
    def troubled(self) -> bool:
        """Whether it is out of sync, not healthy, or was not synced when that was last tried."""
        failed = self.status.operation is not None and self.status.operation.phase in ("Failed", "Error")
        return failed or self.row[2] != "Synced" or self.row[3] not in ("Healthy", "Suspended")

    def change(self, one: Revision, commit: Commit | None) -> Change:
        """An entry of the history."""
        source = str(one.source or next(iter(one.sources), "no source"))
        by = one.by.username or ("automated sync" if one.by.automated else "")
        return Change(
            id=f"{self.metadata.name[:150]} {one.id}",
            at=one.deployed_at,
            service=self.metadata.name[:200],
            summary=headline(commit.message) if commit else one_line(source),
            environment=one_line(str(self.spec.destination)),
            version=one.number[:12],
            author=one_line((commit.author if commit else "") or by),
            more={"synced by": one_line(by)} if commit and by else {},
        )

    def failure(self) -> Change | None:
        """The last operation when it failed."""
        last = self.status.operation
        if last is None or last.finished_at is None or last.phase not in ("Failed", "Error"):
            return None
        return Change(
            id=f"{self.metadata.name[:150]} failed",
            at=last.finished_at,
            service=self.metadata.name[:200],
            kind="failed sync",
            summary=one_line(last.message) or one_line(last.phase),
            environment=one_line(str(self.spec.destination)),
        )

    def told(self) -> list[str]:
        """All that matters of it, in lines."""
        name, project, sync, health, last, destination, source = self.row
        lines = [f"{name} (project {project}): {sync}, {health} {one_line(self.status.health.message)}".rstrip()]
        lines += [f"from {source} to {destination}"]
        lines += [f"last operation: {last} {one_line(self.status.operation.message)}"] if self.status.operation else []
        lines += [f"{one.since[:19]} {one.type}: {one_line(one.message, 500)}" for one in self.status.conditions[:10]]
        return [line.rstrip() for line in lines]


class Applications(BaseModel):
    """A list of applications; null when there are none."""

    items: list[Application] | None


class Events(BaseModel):
    """Events as Kubernetes has them; null when there are none."""

    items: list[Object] | None = None


class Node(BaseModel):
    """A live resource, by what the cluster knows it."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class Tree(BaseModel):
    """All live resources of an application."""

    nodes: list[Node] | None = None


class Compared(BaseModel):
    """A resource as it is and as it should be, each as JSON."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    live: str = Field(default="", alias="normalizedLiveState")
    wanted: str = Field(default="", alias="predictedLiveState")

    def differences(self) -> list[str]:
        """What differs, a line each, in the resource as it is against how it should be; a secret's is not told."""
        live, wanted = _object(self.live), _object(self.wanted)
        if live == wanted:
            return []
        if not live or not wanted:
            return ["is missing in the cluster" if wanted else "is in the cluster, and should not be"]
        if self.kind == "Secret":
            return ["differs; what is in a secret is not told"]
        lines = changes(leaves(wanted), leaves(live))
        more = len(lines) - _LONGEST_DIFFERENCE
        return [one_line(one, 400) for one in lines[:_LONGEST_DIFFERENCE]] + (
            [f"… and {more} more"] if more > 0 else []
        )


class Managed(BaseModel):
    """The resources of an application, compared."""

    items: list[Compared] | None = None


def _object(written: str) -> Object:
    try:
        found: JsonValue = TypeAdapter(JsonValue).validate_json(written or "null")
    except ValidationError:
        return {}
    return found if isinstance(found, dict) else {}
