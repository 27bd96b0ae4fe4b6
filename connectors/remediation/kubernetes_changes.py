"""The one request that an operation on a cluster comes to, as kubectl would send it, made of what is there now."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from pydantic import JsonValue

from connectors.remediation.calls import Answer
from connectors.remediation.kubernetes_orders import Order

Read = Callable[[str], Awaitable[Answer]]
Object = Mapping[str, JsonValue]

# https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply
_STRATEGIC = "application/strategic-merge-patch+json"
_MERGE = "application/merge-patch+json"
_KEY = "nightshift/approval"
_RESTARTED = "kubectl.kubernetes.io/restartedAt"
_REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"


class Refused(Exception):
    """It is not done, for a reason that lies in the cluster; the message says which."""


@dataclass(frozen=True)
class Mark:
    """What tells repetitions of one approval from a new one: its key and moment; no key for a dry run."""

    key: str
    at: datetime


@dataclass(frozen=True)
class Change:
    """One request, and what it does in words; ``done_before`` when it need not be sent, since it has been already."""

    method: str
    path: str
    text: str
    body: JsonValue = None
    content_type: str = _STRATEGIC
    done_before: bool = False


def object_path(order: Order) -> str:
    """Where the object lies. All names in it are checked ones."""
    if order.operation in ("cordon", "uncordon"):
        return f"/api/v1/nodes/{order.name}"
    if order.operation == "delete_pod":
        return f"/api/v1/namespaces/{order.namespace}/pods/{order.name}"
    return f"/apis/apps/v1/namespaces/{order.namespace}/{order.kind}s/{order.name}"


async def change_of(order: Order, mark: Mark, read: Read) -> Change:
    """The request for an order. Raises Refused when the cluster has a reason against it, and what ``read`` raises."""
    thing = _object((await read(object_path(order))).json)
    match order.operation:
        case "restart":
            return _restart(order, thing, mark)
        case "undo":
            return await _undo(order, thing, mark, read)
        case "scale":
            return await _scale(order, read)
        case "delete_pod":
            return _delete(order, thing, mark)
        case "cordon" | "uncordon":
            return _cordon(order)


def _restart(order: Order, thing: Object, mark: Mark) -> Change:
    if at(thing, "spec", "paused") is True:
        raise Refused(f"The {order.kind} {order.name} is paused, and would not restart; resume it first.")
    # The approval's moment: to send it twice is to restart once.
    moment = mark.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body: JsonValue = {"spec": {"template": {"metadata": {"annotations": {_RESTARTED: moment}}}}}
    return Change("PATCH", object_path(order), f"restarts {_named(order)}", body)


async def _scale(order: Order, read: Read) -> Change:
    path = f"{object_path(order)}/scale"
    before = at(_object((await read(path)).json), "spec", "replicas") or 0
    text = f"scales {_named(order)} from {before} to {order.count} replicas"
    return Change("PATCH", path, text, {"spec": {"replicas": order.count}}, _MERGE)


def _cordon(order: Order) -> Change:
    unschedulable = order.operation == "cordon"
    done = "takes no new pods" if unschedulable else "takes new pods again"
    return Change("PATCH", object_path(order), f"node {order.name} {done}", {"spec": {"unschedulable": unschedulable}})


def _delete(order: Order, pod: Object, mark: Mark) -> Change:
    owners = at(pod, "metadata", "ownerReferences")
    if not any(isinstance(one, dict) and one.get("controller") is True for one in _list(owners)):
        raise Refused(f"Nothing would start the pod {order.name} anew: it has no controller. It was not deleted.")
    # A stateful set gives the new pod the old one's name.
    if mark.key and _moment(at(pod, "metadata", "creationTimestamp"), mark.at) > mark.at:
        raise Refused(f"The pod {order.name} is younger than the approval; it was not deleted.")
    body: JsonValue = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": at(pod, "metadata", "uid")},
    }
    return Change("DELETE", object_path(order), f"deletes {_named(order)}", body, "application/json")


async def _undo(order: Order, thing: Object, mark: Mark, read: Read) -> Change:
    """As ``kubectl rollout undo`` without a revision: to the one before the newest.

    Sent twice it would take itself back, so the approval's key stays on the object.
    """
    if at(thing, "spec", "paused") is True:
        raise Refused(f"The {order.kind} {order.name} is paused, and cannot be rolled back; resume it first.")
    if mark.key and at(thing, "metadata", "annotations", _KEY) == mark.key:
        return Change("PATCH", object_path(order), f"{_named(order)} was rolled back by this already", done_before=True)
    kind = "replicasets" if order.kind == "deployment" else "controllerrevisions"
    selector = quote(_selector(thing), safe="")
    listed = (await read(f"/apis/apps/v1/namespaces/{order.namespace}/{kind}?labelSelector={selector}")).json
    uid = at(thing, "metadata", "uid")
    own = [one for one in map(_object, _list(at(_object(listed), "items"))) if _owner(one) == uid and _revision(one)]
    own.sort(key=_revision)
    if len(own) < 2:
        raise Refused(f"{_named(order)} has no earlier revision; nothing was changed.")
    text = f"rolls {_named(order)} back from revision {_revision(own[-1])} to {_revision(own[-2])}"
    template = _template(own[-2])
    if template is None:
        raise Refused(f"Revision {_revision(own[-2])} of {_named(order)} has no template; nothing was changed.")
    return Change("PATCH", object_path(order), text, _put_back(thing, template, mark), "application/json-patch+json")


def _put_back(thing: Object, template: JsonValue, mark: Mark) -> JsonValue:
    """The template put back as a whole, if nothing but its status has changed since it was read."""
    steps: list[JsonValue] = [
        {"op": "test", "path": "/metadata/generation", "value": at(thing, "metadata", "generation")},
        {"op": "replace", "path": "/spec/template", "value": template},
    ]
    if not mark.key:
        return steps
    if not isinstance(at(thing, "metadata", "annotations"), dict):
        steps.append({"op": "add", "path": "/metadata/annotations", "value": {}})
    return [*steps, {"op": "add", "path": f"/metadata/annotations/{_KEY.replace('/', '~1')}", "value": mark.key}]


def _template(revision: Object) -> JsonValue:
    """The pods' template of a replica set, or the one that a controller revision would put in its place."""
    template = at(revision, "spec", "template") or at(revision, "data", "spec", "template")
    if not isinstance(template, dict):
        return None
    kept = {key: value for key, value in template.items() if key != "$patch"}
    labels = at(kept, "metadata", "labels")
    metadata = kept.get("metadata")
    if isinstance(labels, dict) and isinstance(metadata, dict):
        kept["metadata"] = {**metadata, "labels": {key: value for key, value in labels.items() if key != _HASH}}
    return kept


def _revision(thing: Object) -> int:
    number = at(thing, "metadata", "annotations", _REVISION) or thing.get("revision")
    return int(str(number)) if str(number).isdecimal() else 0


def _owner(thing: Object) -> JsonValue:
    owners = _list(at(thing, "metadata", "ownerReferences"))
    return next((one.get("uid") for one in owners if isinstance(one, dict) and one.get("controller") is True), None)


def _selector(thing: Object) -> str:
    labels = at(thing, "spec", "selector", "matchLabels")
    return ",".join(f"{key}={value}" for key, value in labels.items()) if isinstance(labels, dict) else ""


def _named(order: Order) -> str:
    kind = "pod" if order.operation == "delete_pod" else order.kind
    return f"{kind} {order.namespace}/{order.name}"


def _moment(text: JsonValue, otherwise: datetime) -> datetime:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return otherwise


def at(thing: JsonValue | Object, *keys: str) -> JsonValue:
    """What lies at these keys; None where nothing does."""
    found: object = thing
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found  # type: ignore[return-value]  # what lies in JSON is JSON


def _object(value: JsonValue) -> Object:
    return value if isinstance(value, dict) else {}


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
