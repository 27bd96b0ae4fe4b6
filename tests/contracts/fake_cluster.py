"""A small API server of Kubernetes: objects by their paths, patched, scaled and deleted as the real one does it."""

import copy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.contracts.loopback import Asked, Said

SHOP = "/apis/apps/v1/namespaces/shop"
CHECKOUT, LEDGER = f"{SHOP}/deployments/checkout", f"{SHOP}/statefulsets/ledger"
POD, BARE, NODE = "/api/v1/namespaces/shop/pods/checkout-1", "/api/v1/namespaces/shop/pods/bare", "/api/v1/nodes/node-1"
OLD, NEW = "checkout:41", "checkout:42"


def template(image: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "checkout", **labels}}, "spec": {"containers": [{"image": image}]}}


def owned(uid: str) -> list[dict[str, Any]]:
    return [{"uid": uid, "controller": True}]


def revision(number: int, image: str) -> dict[str, Any]:
    annotations = {"deployment.kubernetes.io/revision": str(number)}
    return {
        "metadata": {"annotations": annotations, "ownerReferences": owned("u1")},
        "spec": {"template": template(image, **{"pod-template-hash": f"h{number}"})},
    }


def objects() -> dict[str, dict[str, Any]]:
    selector = {"matchLabels": {"app": "checkout"}}
    workload = {"replicas": 3, "selector": selector, "template": template(NEW)}
    born = "2026-03-01T00:00:00Z"
    return {
        CHECKOUT: {"metadata": {"uid": "u1", "generation": 7}, "spec": copy.deepcopy(workload)},
        LEDGER: {"metadata": {"uid": "u2", "generation": 2, "annotations": {"a": "b"}}, "spec": workload},
        POD: {"metadata": {"uid": "p1", "creationTimestamp": born, "ownerReferences": owned("u1")}},
        BARE: {"metadata": {"uid": "p2", "creationTimestamp": born}},
        NODE: {"metadata": {"uid": "n1"}, "spec": {}},
    }


def revisions() -> dict[str, list[dict[str, Any]]]:
    stranger = {**revision(50, "other:1"), "metadata": {**revision(50, "")["metadata"], "ownerReferences": owned("u9")}}
    kept = [
        {"metadata": {"ownerReferences": owned("u2")}, "revision": number, "data": {"spec": {"template": there}}}
        for number, there in ((1, {**template(OLD), "$patch": "replace"}), (2, template(NEW)))
    ]
    return {
        f"{SHOP}/replicasets": [revision(42, NEW), stranger, revision(41, OLD)],
        f"{SHOP}/controllerrevisions": kept,
    }


@dataclass
class FakeCluster:
    """What there is, and what a write is refused with instead, if anything."""

    objects: dict[str, dict[str, Any]] = field(default_factory=objects)
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=revisions)
    refusing: int = 0
    silent: bool = False
    token: str = "operator"

    def answer(self, asked: Asked) -> Said:
        path = asked.parts.path
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return Said(401, {"message": "Unauthorized"})
        if path in self.lists:
            return Said(200, {"items": self.lists[path]})
        name = path.removesuffix("/scale")
        if name not in self.objects:
            return Said(404, {"message": f"{name} not found"})
        return Said(200, self.objects[name]) if asked.method == "GET" else self.changed(asked, name)

    def changed(self, asked: Asked, name: str) -> Said:
        if self.refusing:
            return Said(self.refusing, {"message": "not today"})
        written = self.written(asked, name)
        return Said(None) if self.silent else written

    def written(self, asked: Asked, name: str) -> Said:
        dry = parse_qs(asked.parts.query).get("dryRun") == ["All"]
        body: Any = asked.json
        changed: dict[str, Any] | None = copy.deepcopy(self.objects[name])
        if asked.method == "DELETE":
            if body["preconditions"]["uid"] != changed["metadata"]["uid"]:
                return Said(409, {"message": "uid differs"})
            changed = None
        elif asked.headers["content-type"] == "application/json-patch+json":
            if not all(_step(changed, step) for step in body):
                return Said(422, {"message": "the test of the patch failed"})
        else:
            _merge(changed, body)
        if dry:
            return Said(200, changed)
        self.objects.pop(name) if changed is None else self.objects.update({name: changed})
        return Said(200, changed)


def _step(thing: dict[str, Any], step: dict[str, Any]) -> bool:
    *above, last = [part.replace("~1", "/") for part in step["path"].split("/")[1:]]
    at = thing
    for part in above:
        at = at[part]
    if step["op"] == "test":
        return bool(at.get(last) == step["value"])
    at[last] = step["value"]
    return True


def _merge(thing: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict):
            _merge(thing.setdefault(key, {}), value)
        else:
            thing[key] = value
