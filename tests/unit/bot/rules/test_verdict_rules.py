"""Every rule that can settle a verdict is told in both languages."""

import ast
import inspect

import pytest

from bot.rules.verdict_rules import rule_told
from bot.steps import settle

OUTCOMES = {"confirmed", "likely", "inconclusive", "healthy", "unknown", "critical", "error", "survived", "unchecked"}


def rules() -> set[str]:
    """The sentences in the step's code: what has a blank in it and is no docstring."""
    code = ast.parse(inspect.getsource(settle))
    told = {
        ast.get_docstring(one, clean=False) for one in ast.walk(code) if isinstance(one, ast.Module | ast.FunctionDef)
    }
    texts = {one.value for one in ast.walk(code) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return {one for one in texts - told if " " in one}


def test_there_are_rules() -> None:
    assert len(rules()) >= 15


@pytest.mark.parametrize("rule", sorted(rules()))
def test_a_rule_has_a_name_in_chinese(rule: str) -> None:
    assert rule_told(rule, "en") == rule
    assert not rule_told(rule, "zh").isascii()
