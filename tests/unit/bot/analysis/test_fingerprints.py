"""What a message about an alert tells."""

from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.fingerprints import History, Report, What, fingerprint, happened

REPORTS = st.lists(st.builds(Report, st.just("f"), st.floats(0, 10_000), st.booleans()), max_size=60)


def told(*changes: tuple[float, bool]) -> list[What]:
    history, found = None, []
    for at, firing in changes:
        history, what = happened(history, Report("f", at, firing))
        found.append(what)
    return found


def test_labels_identify_an_alert_in_any_order() -> None:
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1", "empty": ""})
    assert fingerprint({"a": "1", "b": "2"}) != fingerprint({"a": "1", "b": "3"})


def test_labels_that_do_not_count_change_nothing() -> None:
    assert fingerprint({"a": "1", "replica": "x"}, without=["replica"]) == fingerprint({"a": "1"})


def test_names_and_values_do_not_run_together() -> None:
    assert fingerprint({"a": 'b","c'}) != fingerprint({"a": "b", "c": ""})


def test_an_alert_comes_stays_and_goes() -> None:
    assert told((0, True), (0, True), (60, True), (90, False), (90, False)) == [
        "new",
        "repeated",
        "repeated",
        "resolved",
        "repeated",
    ]


def test_it_is_back_within_half_an_hour_and_new_after() -> None:
    assert told((0, True), (60, False), (1000, True)) == ["new", "resolved", "back"]
    assert told((0, True), (60, False), (1860, True)) == ["new", "resolved", "new"]


def test_what_was_overtaken_is_late() -> None:
    assert told((100, True), (50, False)) == ["new", "late"]


def test_it_flaps_from_the_fifth_change_until_it_is_calm() -> None:
    quick = [(at * 60, at % 2 == 0) for at in range(6)]

    assert told(*quick, (2500, True), (2600, False))[4:] == ["flapping", "flapping", "new", "resolved"]


@given(REPORTS)
def test_a_report_twice_tells_nothing_new_and_history_is_bounded(reports: list[Report]) -> None:
    history: History | None = None
    for report in reports:
        history, _ = happened(history, report)
        again, what = happened(history, report)
        assert again == history
        assert what in ("repeated", "late")
        assert len(history.changes) <= 21
