"""A template of words becomes exactly as many words, whatever a parameter holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.remediation.port import BadSpec
from connectors.remediation.programs import check_words, words
from tests.unit.connectors.remediation.hostile import HOSTILE

TEMPLATE = ("restart", "{service}", "--name={service}", "/srv/{service}/log", "--", "{service}")


def filled(value: str, template: tuple[str, ...] = TEMPLATE) -> list[str] | None:
    """The words; None when the value is refused."""
    try:
        return words(template, {"service": value})
    except BadSpec:
        return None


def holds(value: str) -> bool:
    found = filled(value)
    if found is None:
        return True
    depth = [word.count("/") for word in found[3:4]]
    return (
        len(found) == len(TEMPLATE)
        and found[1] == found[5] == value
        and not value.startswith("-")
        and found[2] == f"--name={value}"
        and depth == [3]
        and not {".", ".."} & set(found[3].split("/"))
        and not any(sign in value for sign in "\0\n\r")
    )


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_stays_one_word_or_is_refused(value: str) -> None:
    assert holds(value)


@settings(max_examples=300)
@given(st.text(max_size=40))
def test_any_value_stays_one_word_or_is_refused(value: str) -> None:
    assert holds(value)


@pytest.mark.parametrize("value", ["checkout", "a b; rm -rf /", "$(reboot)", "支付", '"quoted"'])
def test_what_is_no_flag_and_no_path_is_taken_as_it_is(value: str) -> None:
    assert filled(value, ("restart", "{service}")) == ["restart", value]


@pytest.mark.parametrize(
    ("template", "taken"),
    [
        pytest.param(("x", "{service}"), False, id="first-in-its-word"),
        pytest.param(("x", "name={service}"), True, id="text-before"),
        pytest.param(("x", "--", "{service}"), True, id="behind-the-end-of-flags"),
        pytest.param(("x", "{service}", "--"), False, id="before-the-end-of-flags"),
        pytest.param(("x", "{service}{service}"), False, id="twice"),
    ],
)
def test_a_value_becomes_no_flag(template: tuple[str, ...], *, taken: bool) -> None:
    assert (filled("-rf", template) is not None) is taken


def test_numbers_and_truth_values_are_written_plainly() -> None:
    assert words(["x", "{n}", "{yes}"], {"n": 3, "yes": True}) == ["x", "3", "true"]


def test_braces_of_the_text_itself_are_doubled() -> None:
    assert words(["x", "-o", "jsonpath={{.status.{part}}}"], {"part": "phase"})[2] == "jsonpath={.status.phase}"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        pytest.param(["bash", "-c", "restart {service}"], "argv.0: bash is a shell", id="shell"),
        pytest.param(
            ["kubectl", "exec", "x", "--", "/bin/sh", "-c", "{service}"], "argv.4: /bin/sh", id="shell-inside"
        ),
        pytest.param(["ssh", "web-1", "restart {service}"], "argv.2: ssh takes words for commands", id="ssh"),
        pytest.param(["/usr/bin/xargs", "{service}"], "argv.1: xargs", id="xargs"),
        pytest.param(["awk", "{service}"], "argv.1: awk", id="awk"),
        pytest.param(["python3.11", "-c", "print({service})"], "argv.2: python3.11 would run", id="inline"),
        pytest.param(["perl", "-ne{service}"], "argv.1: perl would run", id="inline-attached"),
        pytest.param(["psql", "--command=DROP TABLE {service}"], "argv.1: psql would run", id="sql"),
        pytest.param(["{service}", "x"], "argv.0: takes no parameter", id="program"),
        pytest.param(["x", "{serv ice}"], "argv.1: {serv ice} is no name of a parameter", id="no-name"),
        pytest.param(["x", "a}b"], "argv.1: a brace stands alone; write }}", id="lonely-brace"),
    ],
)
def test_words_that_others_would_run_take_no_parameters(argv: list[str], said: str) -> None:
    with pytest.raises(BadSpec) as refused:
        check_words(argv)

    assert str(refused.value).startswith(said)


@pytest.mark.parametrize("argv", [["ssh", "web-1", "restart-all"], ["python3", "/opt/x.py", "{service}"]])
def test_what_is_safe_is_taken(argv: list[str]) -> None:
    check_words(argv)
