"""What a catalogue may write for a cluster, and which values become names and numbers."""

from typing import Any

import pytest

from connectors.remediation.kubernetes_orders import Order, fill_order, sound
from connectors.remediation.port import BadSpec
from connectors.remediation.specs import shaped
from tests.unit.connectors.remediation.hostile import HOSTILE

SCALE: dict[str, Any] = {
    "operation": "scale", "namespace": "shop", "name": "{service}", "replicas": "{n}", "min": 1, "max": 5
}  # fmt: skip
NODE: dict[str, Any] = {"operation": "cordon", "name": "node-1"}


def filled(spec: dict[str, Any], **parameters: Any) -> Order:
    return sound(shaped(Order, fill_order(spec, parameters)))


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_no_name(value: str) -> None:
    if value == "x" * 1000:
        value = "x" * 254
    for place in ("name", "namespace"):
        with pytest.raises(BadSpec):
            filled({**SCALE, place: "{service}", "replicas": 2}, service=value)


@pytest.mark.parametrize("count", [1, 5, "3"])
def test_a_count_within_its_bounds(count: object) -> None:
    assert filled(SCALE, service="checkout", n=count).count == int(str(count))


@pytest.mark.parametrize("count", [0, 6, -1, 2.5, "2.5", "x", True, "٣", 10**9])
def test_any_other_count_is_refused(count: object) -> None:
    with pytest.raises(BadSpec, match="replicas"):
        filled(SCALE, service="checkout", n=count)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param({**SCALE, "max": None}, "scale needs replicas, and max", id="no-bound"),
        pytest.param({**SCALE, "min": 9}, "min is above max", id="bounds"),
        pytest.param({**SCALE, "kind": "daemonset"}, "a daemonset has no replicas", id="daemonset"),
        pytest.param({**SCALE, "operation": "restart"}, "restart has no replicas", id="restart"),
        pytest.param({**SCALE, "namespace": ""}, "namespace is missing", id="namespace"),
        pytest.param({**NODE, "namespace": "shop"}, "a node has no namespace", id="node"),
        pytest.param({**NODE, "kind": "deployment"}, "cordon has no kind", id="kind"),
        pytest.param({**NODE, "operation": "drain"}, "operation: Input should be 'restart'", id="operation"),
        pytest.param({**NODE, "replica": 1}, "did you mean 'replicas'?", id="unknown"),
        pytest.param({**SCALE, "replicas": "{n}0"}, "write a number, or one parameter", id="spliced-number"),
    ],
)
def test_an_entry_says_what_is_wrong_with_it(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSpec) as refused:
        filled(spec, service="checkout", n=2)

    assert said in str(refused.value)
