"""Which patterns bound a parameter, and which let free text through."""

import pytest

from bot.parameters import complete, misfit, mistakes, normal

CLOSED = [
    r"[a-z][a-z0-9-]*",
    r"^[0-9]+(?:[.][0-9]+)*$",
    r"\d+\.\d+",
    r"v\d{1,3}",
    r"[\w.-]+",
    r"(?:a|b)c",
    r"[]a]",
    r"\[a\]",
]
OPEN = [
    ".*",
    r"\S+",
    r"[^/]+",
    r"a.c",
    r"[ -~]+",
    r"[\s\S]",
    r"\[.+",
    r"\D",
    "[a-z;]",
    "[a-z\n]",
    "[a'b]",
    "(?s:a)",
    "(?i)a",
    "(?=a)a",
]


def wrong_with(pattern: str) -> list[str]:
    schema = {"properties": {"name": {"type": "string", "pattern": pattern, "maxLength": 20}}}
    return [said for _, said in mistakes(schema)]  # type: ignore[arg-type]  # plain JSON


@pytest.mark.parametrize("pattern", CLOSED)
def test_a_pattern_that_lists_its_signs_bounds(pattern: str) -> None:
    assert wrong_with(pattern) == []


@pytest.mark.parametrize("pattern", OPEN)
def test_a_pattern_that_lets_anything_through_does_not(pattern: str) -> None:
    assert any("through" in said for said in wrong_with(pattern))


@pytest.mark.parametrize("value", ["a\n", "ab", "-a", "a b", "", "А"])
def test_a_pattern_has_to_match_all_of_a_value(value: str) -> None:
    assert misfit({"type": "string", "pattern": "^a|^-a", "maxLength": 20}, value)


def test_what_has_no_default_is_required() -> None:
    whole = normal({"properties": {"a": {"type": "boolean"}, "b": {"type": "boolean", "default": True}}})

    assert whole["required"] == ["a"]
    assert complete(whole, {"a": "false"}) == {"a": False, "b": True}
