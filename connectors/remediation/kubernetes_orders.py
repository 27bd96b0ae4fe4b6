"""What the catalogue writes for a cluster: an operation with its bounds, and names that are names."""

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import Field, JsonValue, StrictInt, model_validator

from connectors.remediation.port import BadSpec, Spec
from connectors.remediation.specs import Shape, Slot, filled, known, pieces, shaped

Operation: TypeAlias = Literal["restart", "undo", "scale", "cordon", "uncordon", "delete_pod"]
WORKLOADS: tuple[Operation, ...] = ("restart", "undo", "scale")

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class Order(Shape):
    """What the catalogue writes under ``run``. ``least`` and ``most`` are ``min`` and ``max`` there."""

    operation: Operation
    name: str
    namespace: str = ""
    kind: Literal["deployment", "statefulset", "daemonset"] = "deployment"
    replicas: StrictInt | str | None = None
    least: int = Field(default=1, alias="min", ge=0)
    most: int | None = Field(default=None, alias="max", ge=0)

    @model_validator(mode="after")
    def _fits_its_operation(self) -> "Order":
        if self.operation in ("cordon", "uncordon"):
            if self.namespace:
                raise ValueError("a node has no namespace; leave namespace out")
        elif not self.namespace:
            raise ValueError("namespace is missing; write it")
        if "kind" in self.model_fields_set and self.operation not in WORKLOADS:
            raise ValueError(f"{self.operation} has no kind; leave kind out")
        return self._bounded()

    def _bounded(self) -> "Order":
        if self.operation != "scale":
            if self.replicas is not None or {"least", "most"} & self.model_fields_set:
                raise ValueError(f"{self.operation} has no replicas, min and max; leave them out")
            return self
        if self.kind == "daemonset":
            raise ValueError("a daemonset has no replicas; write kind deployment or statefulset")
        if self.replicas is None or self.most is None:
            raise ValueError("scale needs replicas, and max, the most that may be asked for; write both")
        if self.least > self.most:
            raise ValueError("min is above max; write bounds that leave room")
        return self

    @property
    def count(self) -> int:
        """How many replicas; for a filled order to scale. Raises BadSpec for no number, or one out of bounds."""
        if not re.fullmatch(r"[0-9]{1,6}", str(self.replicas)):
            raise BadSpec(
                f"replicas: {str(self.replicas)[:40]!r} is no number of replicas; write one, or {{parameter}}."
            )
        count, most = int(str(self.replicas)), self.most or 0
        if not self.least <= count <= most:
            raise BadSpec(f"replicas: {count} is not between min {self.least} and max {most}.")
        return count


def fill_order(spec: Spec, parameters: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The same part with every parameter in its place; names are checked to be ones. Raises BadSpec."""
    order = shaped(Order, spec)
    done: dict[str, JsonValue] = {**spec, "name": filled(order.name, parameters, "name")}
    if order.namespace:
        done["namespace"] = filled(order.namespace, parameters, "namespace")
    if isinstance(order.replicas, str):
        done["replicas"] = _number(order.replicas, parameters)
    return done


def sound(order: Order) -> Order:
    """A filled order whose names are names, and so no part of a path. Raises BadSpec."""
    if order.namespace and not _NAMESPACE.fullmatch(order.namespace):
        raise BadSpec(f"namespace: {order.namespace[:80]!r} is no name of a namespace.")
    if not _NAME.fullmatch(order.name) or ".." in order.name:
        raise BadSpec(f"name: {order.name[:80]!r} is no name of an object in a cluster.")
    if order.operation == "scale":
        _ = order.count
    return order


def _number(text: str, parameters: Mapping[str, JsonValue]) -> JsonValue:
    match pieces(text, "replicas"):
        case (Slot(name),):
            value = known(name, parameters, "replicas")
            return int(value) if isinstance(value, str) and value.isdecimal() and value.isascii() else value
    raise BadSpec("replicas: write a number, or one parameter in braces.")
