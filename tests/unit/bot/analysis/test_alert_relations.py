"""What an alert tells of its surroundings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.alert_relations import CALLEE, INDIRECT, NAMED, OWN_NODE, OWN_POD, Alert, Surroundings

CALLS = [("web", "cart"), ("cart", "cart-db")]


def alert(name: str, type: str = "Service", text: str = "") -> Alert:
    return Alert(0, type, name, "Latency", (text,))


@pytest.mark.parametrize(
    ("pod", "service"),
    [
        pytest.param("cart-5d8f9c7b6-x2x4z", "cart", id="deployment"),
        pytest.param("cart-db-0", "cart-db", id="stateful-set"),
        pytest.param("cart-db-canary-5d8f9c7b6-x2x4z", "cart-db", id="longest-known-beginning"),
        pytest.param("mail-5d8f9c7b6-x2x4z", "mail", id="not-in-the-graph"),
        pytest.param("lonely", "lonely", id="no-marks"),
    ],
)
def test_a_pod_is_of_a_service(pod: str, service: str) -> None:
    assert Surroundings(CALLS).service_of(alert(pod, "Pod")) == service


@pytest.mark.parametrize(
    ("cause", "effect", "likely"),
    [
        pytest.param(alert("cart"), alert("web"), CALLEE, id="callee"),
        pytest.param(alert("web"), alert("cart"), 0.0, id="caller"),
        pytest.param(alert("cart-db"), alert("web"), INDIRECT, id="callee-of-a-callee"),
        pytest.param(alert("cart-db-0", "Pod"), alert("cart-db"), OWN_POD, id="own-pod"),
        pytest.param(alert("web"), alert("cart-db", text="503 from web."), NAMED, id="named"),
        pytest.param(alert("n1", "Node"), alert("web-0", "Pod", "n1 is gone"), NAMED, id="named-node"),
    ],
)
def test_where_trouble_shows(cause: Alert, effect: Alert, likely: float) -> None:
    surroundings = Surroundings(CALLS)

    assert surroundings.shows(surroundings.learn(0, cause), surroundings.learn(1, effect)) == likely


def test_a_graph_may_have_pods_and_nodes_among_its_parts() -> None:
    surroundings = Surroundings([*CALLS, ("web-0", "n1")])
    node, pod = surroundings.learn(0, alert("n1", "Node")), surroundings.learn(1, alert("web-0", "Pod"))

    assert surroundings.shows(node, pod) == CALLEE
    assert "n1" in surroundings.related(pod)


def test_where_a_pod_runs_is_remembered() -> None:
    surroundings = Surroundings(CALLS)
    node, other = (surroundings.learn(id, alert(f"n{id}", "Node")) for id in (1, 2))
    surroundings.learn(3, alert("web-0", "Pod", "n1 is gone"))
    pod = surroundings.learn(4, alert("web-0", "Pod"))

    assert (surroundings.shows(node, pod), surroundings.shows(other, pod)) == (OWN_NODE, 0.0)


@given(st.text(max_size=200), st.text(max_size=30))
def test_any_text_can_be_learned(text: str, name: str) -> None:
    onset = Surroundings(CALLS).learn(7, alert(name, "Pod", text + "a." * 3000))

    assert name not in onset.names
