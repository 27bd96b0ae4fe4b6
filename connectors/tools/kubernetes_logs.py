"""Logs of pods: patterns of their lines with counts, then the last lines."""

import datetime as dt

from connectors.tools.kubernetes_objects import Object, Objects, several, text
from connectors.tools.kubernetes_questions import Logs
from connectors.tools.kubernetes_reading import Reading, kubectl, where
from connectors.tools.patterns import Line, sampled, told
from connectors.tools.port import BadArguments, Result
from connectors.tools.questions import seconds

_MOST_PODS, _MOST_PATTERNS = 10, 25
_TAIL_LINES = 2000


async def logs(reading: Reading, asked: Logs) -> Result:
    """Patterns that tell of trouble first, then the last lines of all containers in the order of time."""
    if bool(asked.pod) == bool(asked.labels):
        raise BadArguments("kubernetes_logs: give either pod or labels.")
    pods = await _pods(reading, asked)
    query = _query(asked)
    if not pods:
        return reading.missing("pods", asked.pod or asked.labels, asked.namespace, query)
    notes = [f"Only {_MOST_PODS} of {len(pods)} pods were read."] if len(pods) > _MOST_PODS else []
    lines: list[Line] = []
    for pod in pods[:_MOST_PODS]:
        for container in _containers(pod, asked.container):
            found, note = await _written(reading, asked, text(pod, "metadata", "name"), container)
            lines += found
            notes += [note] if note else []
    lines = sorted((one for one in lines if asked.contains in one.text), key=lambda one: one.at or 0)
    link = reading.link(asked.namespace, "pods", asked.pod)
    if not lines:
        return Result("\n".join([f"No lines{where(asked.namespace)}.", *notes]), query, link)
    summary, table, more = told(lines, _MOST_PATTERNS)
    last = lines[-asked.tail :] if asked.tail else []
    shown = [f"The last {len(last)} lines:", *(sampled(one) for one in last)] if last else []
    return Result("\n".join([summary, *shown, *notes]), query, link, table, truncated=more or len(last) < len(lines))


async def _pods(reading: Reading, asked: Logs) -> tuple[Object, ...]:
    _, path = reading.path("pods", asked.namespace)
    if asked.labels:
        listed = await reading.api.get(path, {"labelSelector": asked.labels, "limit": "100"})
        return listed.of(Objects, "Kubernetes").items
    answer = await reading.api.get(f"{path}/{asked.pod}", None, 404)
    return () if answer.status == 404 else (answer.of(Object, "Kubernetes"),)


def _containers(pod: Object, wanted: str) -> list[str]:
    names = [text(one, "name") for kind in ("initContainers", "containers") for one in several(pod, "spec", kind)]
    if wanted and wanted not in names:
        raise BadArguments(f"The pod has no container {wanted!r}; it has {', '.join(names)}.")
    return [wanted] if wanted else names


async def _written(reading: Reading, asked: Logs, pod: str, container: str) -> tuple[list[Line], str]:
    """Lines, and what there is to say about them."""
    query = {"container": container, "timestamps": "true", "tailLines": str(_TAIL_LINES)}
    query |= {"limitBytes": str(reading.settings.max_bytes // 4)}
    query |= {"previous": "true"} if asked.previous else {}
    query |= {"sinceSeconds": str(seconds(asked.since))} if asked.since else {}
    path = f"/api/v1/namespaces/{asked.namespace}/pods/{pod}/log"
    # 400 is how the API says that a container has not started yet, or has no earlier run.
    answer = await reading.api.get(path, query, 400, 404)
    if answer.status >= 400:
        return [], f"{pod}/{container}: {text(answer.of(Object, 'Kubernetes'), 'message')}"
    lines = [_line(one, f"{pod}/{container}") for one in answer.text.splitlines() if one.strip()]
    cut = f"{pod}/{container}: only the last {_TAIL_LINES} lines were read." if len(lines) >= _TAIL_LINES else ""
    return lines, cut


def _line(written: str, origin: str) -> Line:
    """A line behind its RFC 3339 time, whose nanoseconds Python cannot read."""
    stamp, _, said = written.partition(" ")
    head, _, fraction = stamp.removesuffix("Z").partition(".")
    try:
        at = dt.datetime.fromisoformat(head).replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        return Line(None, written, origin)
    return Line(at + (float(f"0.{fraction}") if fraction.isdecimal() else 0.0), said, origin)


def _query(asked: Logs) -> str:
    flags = [
        f"-c {asked.container}" if asked.container else "--all-containers",
        "--previous" if asked.previous else "",
        f"--since={asked.since}" if asked.since else "",
        f"| grep -F {asked.contains!r}" if asked.contains else "",
    ]
    return kubectl("logs", asked.pod or f"-l {asked.labels}", f"-n {asked.namespace}", *flags)
