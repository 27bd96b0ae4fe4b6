"""Which alerts are one incident, as they come one by one."""

from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.alert_grouping import Grouping, group
from bot.analysis.alert_relations import Alert, Surroundings

# web calls cart and search; cart calls db; search calls index.
CALLS = [("web", "cart"), ("web", "search"), ("cart", "db"), ("search", "index")]
ALERTS = st.builds(
    Alert,
    at=st.floats(0, 5000),
    type=st.sampled_from(["Service", "Pod", "Node"]),
    name=st.sampled_from(["web", "cart", "db", "cart-5d8f9c7b6-x2x4z", "node-1", "ghost"]),
    category=st.sampled_from(["Latency", "Errors"]),
    evidence=st.sampled_from([(), ("slow; waiting for db",), ("10.0.0.1:5432 refused",)]),
)


def service(at: float, name: str, text: str = "", category: str = "Latency") -> Alert:
    return Alert(at, "Service", name, category, (text,))


def partition(labels: list[int]) -> list[int]:
    return [labels.index(label) for label in labels]


def test_trouble_that_climbs_to_callers_is_one_incident() -> None:
    assert partition(group([service(0, "db"), service(30, "cart"), service(70, "web")], CALLS)) == [0, 0, 0]


def test_two_branches_of_the_graph_are_two_incidents() -> None:
    assert partition(
        group([service(0, "db"), service(5, "index"), service(30, "cart"), service(31, "search")], CALLS)
    ) == [0, 1, 0, 1]


def test_the_same_trouble_an_hour_later_is_another_incident() -> None:
    assert partition(group([service(0, "db"), service(4000, "db")], CALLS)) == [0, 1]


def test_a_cause_whose_alert_comes_late_joins_what_it_explains() -> None:
    assert partition(group([service(0, "cart"), service(3, "search", "waiting for db"), service(20, "db")], CALLS)) == [
        0,
        0,
        0,
    ]


def test_a_text_that_names_a_part_overrides_the_graph() -> None:
    found = group([service(0, "cart"), service(2, "index"), service(30, "web", "timeout; waiting for index")], CALLS)

    assert partition(found) == [0, 1, 1]


def test_pods_belong_to_their_service_and_to_the_node_they_name() -> None:
    pods = [
        Alert(at, "Pod", f"{name}-5d8f9c7b6-x2x4z", "Unready", ("node-1 is gone",))
        for at, name in ((9, "db"), (12, "index"))
    ]

    assert partition(group([Alert(0, "Node", "node-1", "Down"), *pods, service(20, "db")], CALLS)) == [0, 0, 0, 0]


def test_callers_that_name_the_same_unknown_place_are_one_incident() -> None:
    texts = [service(at, name, "10.0.0.1:5432 refused") for at, name in ((0, "cart"), (9, "index"))]

    assert partition(group(texts, CALLS)) == [0, 0]


def test_without_a_graph_time_decides() -> None:
    assert partition(group([service(0, "a"), service(10, "b"), service(3000, "c")], [])) == [0, 0, 2]


def test_an_alert_that_fires_again_within_a_minute_is_the_same_firing() -> None:
    grouping = Grouping(Surroundings(CALLS), lambda firing, incident: None)

    assert [grouping.add(service(at, "db")) for at in (0, 30, 61, 400)] == [0, 0, 1, 2]


def test_a_late_alert_joins_two_incidents_under_the_older_id() -> None:
    grouping = Grouping(Surroundings([("a", "c"), ("b", "c")]), lambda firing, incident: None)
    first, second = grouping.add(service(10, "a")), grouping.add(service(12, "b"))
    assert grouping.incident(first) != grouping.incident(second)

    grouping.add(service(0, "c"))

    assert grouping.incident(first) == grouping.incident(second) == first


def test_memory_is_bounded_and_everything_settles_once() -> None:
    settled: list[int] = []
    grouping = Grouping(Surroundings(CALLS), lambda firing, incident: settled.append(firing), most=50)
    for at in range(500):
        grouping.add(Alert(at, "Pod", f"cart-5d8f9c7b6-{at:05d}", "Unready", (f"host-{at}.x.example refused",)))
        assert sum(map(len, grouping.incidents().values())) <= 50
    grouping.settle()

    assert sorted(settled) == list(range(500))


def test_what_left_is_forgotten() -> None:
    surroundings = Surroundings(CALLS)
    grouping = Grouping(surroundings, lambda firing, incident: None)
    grouping.add(Alert(0, "Pod", "cart-5d8f9c7b6-x2x4z", "Unready", ("node-1 is gone",)))
    grouping.settle()

    assert surroundings.learn(1, service(1, "web", "waiting for cart-5d8f9c7b6-x2x4z")).names == frozenset()


def test_one_wrong_clock_does_not_settle_the_others() -> None:
    grouping = Grouping(Surroundings(CALLS), lambda firing, incident: None)
    for alert in (service(0, "db"), service(1e9, "index"), service(20, "cart")):
        grouping.add(alert)

    assert sorted(map(len, grouping.incidents().values())) == [1, 2]


@given(st.lists(ALERTS, max_size=25))
def test_equal_alerts_give_equal_incidents(alerts: list[Alert]) -> None:
    once = group(alerts, CALLS)

    assert len(once) == len(alerts)
    assert group(alerts, CALLS) == once


@given(st.lists(ALERTS, min_size=1, max_size=25))
def test_every_firing_settles_in_an_incident_named_after_a_firing(alerts: list[Alert]) -> None:
    settled: dict[int, int] = {}
    grouping = Grouping(Surroundings(CALLS), settled.__setitem__)
    firings = {grouping.add(alert) for alert in alerts}
    grouping.settle()

    assert settled.keys() == firings
    assert set(settled.values()) <= firings
