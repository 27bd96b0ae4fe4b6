"""A number out of the wrong column is a wrong number."""

import pytest

from bot.rules.entities import find_environments
from bot.rules.tables import wrong_column

SIZES = """Both clusters run the same release.

| | production | staging |
|---|---|---|
| pods | 6 | 2 |
| pool size per pod (`DB_POOL_MAX`) | 20 | 5 |
| wait (ms) | 3000 | 3000 |

At 120 connections the database refuses."""


@pytest.mark.parametrize(
    ("text", "asked", "wrong"),
    [
        pytest.param("The pool size per pod is 20", ("staging",), True, id="the-other-column"),
        pytest.param("The pool size per pod is 5", ("staging",), False, id="the-right-column"),
        pytest.param("The pool size is 20 in production", ("staging",), False, id="the-text-says-which"),
        pytest.param("The wait is 3000 ms", ("staging",), False, id="in-both-columns"),
        pytest.param("It refuses at 120 connections", ("staging",), False, id="outside-the-table"),
        pytest.param("The pool size per pod is 20", (), False, id="nobody-asked-for-an-environment"),
        pytest.param("预发每个 Pod 的池大小是 20", (), True, id="chinese"),
    ],
)
def test_columns(text: str, asked: tuple[str, ...], wrong: bool) -> None:  # noqa: FBT001  # a table column
    assert wrong_column(text, SIZES, asked, find_environments) is wrong
