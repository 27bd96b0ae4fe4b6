"""A cluster's own remedies: restart, undo, scale, cordon, delete a pod; by an account of their own."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field, JsonValue

from connectors.remediation.calls import REAL, Answer, Body, Line, Outside
from connectors.remediation.kubernetes_access import Cluster, open_cluster
from connectors.remediation.kubernetes_changes import Change, Mark, Refused, change_of
from connectors.remediation.kubernetes_orders import Order, fill_order, sound
from connectors.remediation.port import (
    Action,
    ApprovedAction,
    BadSpec,
    Rehearsal,
    RemediationUnavailable,
    Result,
    Spec,
    Uncertain,
)
from connectors.remediation.specs import require_rehearsal, require_time, shaped


class Settings(Cluster):
    """Which cluster, by which account, and what of it may be changed."""

    namespaces: tuple[str, ...] = ()
    """Namespaces in which something may be changed; ``"*"`` is all of them, and has to be written."""

    nodes: bool = False
    """Whether nodes may be cordoned and uncordoned."""

    max_replicas: int = Field(default=50, ge=1)
    """The most replicas that anything is ever scaled to, whatever the catalogue says."""


@dataclass(frozen=True)
class KubernetesExecutor:
    """Changes what settings allow. It waits for nothing: what became of it is verified by looking."""

    settings: Settings
    line: Line
    name: str = "kubernetes"

    def check(self, spec: Spec, parameters: Sequence[str]) -> None:
        """Besides: whether settings allow it, as far as the entry says without parameters."""
        fill_order(spec, dict.fromkeys(parameters, "x"))
        self._allow(shaped(Order, spec), written=False)

    def fill(self, spec: Spec, parameters: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Values become names of objects as Kubernetes has them, and a number within its bounds; nothing else."""
        done = fill_order(spec, parameters)
        self._allow(sound(shaped(Order, done)), written=True)
        return done

    async def rehearse(self, action: Action, now: datetime) -> Rehearsal:
        """What the API server says to the same with ``dryRun=All``: it checks and admits it, and keeps nothing."""
        require_rehearsal(action)
        try:
            result = await self._changed(action.rehearsal, Mark("", now), dry=True)
        except Uncertain as lost:
            raise RemediationUnavailable(f"The dry run has no answer: {lost}") from lost
        return Rehearsal(ok=result.status == "done", text=result.text, seconds=result.seconds)

    async def execute(self, approved: ApprovedAction, now: datetime) -> Result:
        """Done when the API server has taken it. A repetition with the same key changes nothing more."""
        require_time(approved, now)
        return await self._changed(approved.action.run, Mark(approved.key, approved.approved_at), dry=False)

    async def _changed(self, spec: Spec, mark: Mark, *, dry: bool) -> Result:
        try:
            order = sound(shaped(Order, spec))
            # Settings may have changed since it was filled in.
            self._allow(order, written=True)
        except BadSpec as refused:
            raise RemediationUnavailable(f"Nothing was changed: {refused}") from refused
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            change = await change_of(order, mark, self._read)
            text = change.text if change.done_before else await self._sent(change, dry=dry)
        except Refused as why:
            return Result(status="failed", text=str(why), seconds=loop.time() - began)
        return Result(status="done", text=text, seconds=loop.time() - began)

    async def _read(self, path: str) -> Answer:
        try:
            answer = await self.line.send("GET", path, self.settings.timeout_seconds, {})
        except Uncertain as lost:
            raise RemediationUnavailable(f"Nothing was changed: {lost}") from lost
        if answer.status == 404:
            raise Refused(f"There is no {path.partition('?')[0]} in the cluster; nothing was changed.")
        if answer.status >= 300 or answer.json is None:
            raise RemediationUnavailable(f"Nothing was changed: {self._told(answer)}")
        return answer

    async def _sent(self, change: Change, *, dry: bool) -> str:
        query = "?fieldManager=nightshift" if change.method == "PATCH" else ""
        query += ("&" if query else "?") + "dryRun=All" if dry else ""
        headers = {"Content-Type": change.content_type}
        seconds = self.settings.timeout_seconds
        answer = await self.line.send(change.method, change.path + query, seconds, headers, Body(change.body))
        if answer.status < 300:
            return change.text
        if answer.status in (401, 403, 429):
            raise RemediationUnavailable(f"Nothing was changed: {self._told(answer)}")
        if answer.status < 500:
            moved = " It has changed meanwhile." if answer.status == 409 else ""
            raise Refused(f"Nothing was changed: {self._told(answer)}{moved}")
        raise Uncertain(f"{self._told(answer)} Whether it was done is to be seen at {change.path}.")

    def _told(self, answer: Answer) -> str:
        said = answer.json.get("message") if isinstance(answer.json, dict) else None
        return self.line.hushed(f"Kubernetes answers {answer.status}: {said or answer.text or 'nothing'}"[:1000])

    def _allow(self, order: Order, *, written: bool) -> None:
        if not order.namespace and not self.settings.nodes:
            raise BadSpec("operation: nodes may not be changed; set nodes in [connectors.remediation.kubernetes].")
        allowed = self.settings.namespaces
        settled = written or "{" not in order.namespace
        if order.namespace and settled and "*" not in allowed and order.namespace not in allowed:
            raise BadSpec(
                f"namespace: {order.namespace!r} may not be changed; allowed are: {', '.join(allowed) or 'none'}. "
                "Add it to namespaces in [connectors.remediation.kubernetes]."
            )
        if (order.most or 0) > self.settings.max_replicas:
            raise BadSpec(f"max: at most {self.settings.max_replicas} (max_replicas in the settings).")


@asynccontextmanager
async def connect(settings: Settings, outside: Outside = REAL) -> AsyncIterator[KubernetesExecutor]:
    """Nothing is asked yet. Raises RemediationUnavailable when no cluster is described."""
    async with open_cluster(settings, outside) as line:
        yield KubernetesExecutor(settings, line)
