"""Which lines the same code wrote."""

from hypothesis import given
from hypothesis import strategies as st

from bot.analysis.log_templates import templates

NAMES = ["ann", "bob", "cyd", "dan"]
LINES = st.lists(st.text(st.sampled_from("ab1 =:[](),./-"), max_size=30), max_size=20)


def test_words_that_change_where_the_rest_stays_are_values() -> None:
    found = templates([f"user {name} logged in from 10.0.0.{n}" for n, name in enumerate(NAMES)])

    assert set(found) == {"user <*> logged in from <*>"}


def test_two_words_in_one_place_are_wording() -> None:
    found = templates(["session opened for user 1", "session closed for user 2"])

    assert found == ["session opened for user <*>", "session closed for user <*>"]


def test_two_values_of_a_key_are_values() -> None:
    assert set(templates(["login user=ann ok", "login user=bob ok"])) == {"login user=<*> ok"}


def test_a_key_is_wording() -> None:
    found = templates([f"set {key}=1 here and now" for key in NAMES])

    assert len(set(found)) == len(NAMES)


def test_states_are_wording() -> None:
    found = templates([f"task went from {state} on" for state in ("NEW", "READY", "RUNNING", "DONE")])

    assert len(set(found)) == 4


def test_words_that_change_together_are_values() -> None:
    lines = [f"copy of {one} to the {other} is done" for one in NAMES for other in ("disk", "tape", "cloud")]

    assert set(templates(lines)) == {"copy of <*> to the <*> is done"}


def test_an_empty_pair_of_brackets_is_a_value_left_out() -> None:
    found = templates(["call from 10.0.0.1 () at 5", "call from 10.0.0.1 (db.example.com) at 6"])

    assert set(found) == {"call from <*> (<*>) at <*>"}


def test_lists_of_any_length_are_one() -> None:
    found = templates(["drop 1 now", "drop 1 2 3 now", "drop 1 2 3 4 now"])

    assert set(found) == {"drop <*> now"}


def test_many_lines_of_one_shape_are_one_template() -> None:
    letters = "abcdefghijklmnop"
    lines = [f"user {a}{b}{c} logged in" for a in letters for b in letters for c in letters]

    assert set(templates(lines)) == {"user <*> logged in"}


@given(LINES)
def test_each_text_has_one_template_in_any_order(lines: list[str]) -> None:
    found = dict(zip(lines, templates(lines), strict=True))

    assert templates(lines[::-1]) == [found[line] for line in lines[::-1]]


@given(LINES)
def test_equal_texts_have_equal_templates(lines: list[str]) -> None:
    assert templates(lines + lines) == templates(lines) * 2
