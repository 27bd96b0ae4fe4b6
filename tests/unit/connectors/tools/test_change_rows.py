"""Changes as a person reads them."""

import pytest

from connectors.tools.change_rows import named
from connectors.tools.untrusted import headline, one_line, web_link


@pytest.mark.parametrize(
    ("asked", "name", "meant"),
    [
        pytest.param("", "anything", True, id="nothing-asked"),
        pytest.param("prod", "production", True, id="shorter"),
        pytest.param("Production", "prod", True, id="longer"),
        pytest.param("prod", "eu-prod", True, id="a-part"),
        pytest.param("payments-api", "payments", True, id="a-service-by-its-longer-name"),
        pytest.param("staging", "production", False, id="another"),
        pytest.param("pay", "repay", False, id="inside-a-word"),
        pytest.param("prod", "", False, id="none-known"),
    ],
)
def test_which_name_is_meant(asked: str, name: str, meant: bool) -> None:  # noqa: FBT001  # a truth table
    assert named(asked, name) is meant


def test_a_line_stays_one_line() -> None:
    assert one_line("a\nb\r\n\tc\u202e\x00d") == "a b c d"
    assert one_line("x" * 300) == "x" * 199 + "…"
    assert one_line(None) == ""
    assert headline("\n\nFix it\n\nBecause.") == "Fix it"
    assert headline("") == "(no message)"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", 'https://x/"onclick', "//x", "", None, "https://" + "x" * 2000]
)
def test_only_web_addresses_are_links(address: str | None) -> None:
    assert web_link(address) == ""
    assert web_link("https://x/1?a=b#c") == "https://x/1?a=b#c"
