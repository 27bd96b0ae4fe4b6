"""Addresses and credentials of APIs: what the settings take, and what goes out."""

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from connectors.sources.access import Address, Names, Token, basic, bearer, web_link


class Settings(BaseModel):
    url: Address = "https://a.example"
    token: Token | None = None
    names: Names = ("a",)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "https://[2001:db8::1]/jira", "https://维基.example"])
def test_addresses_of_any_host_are_taken(url: str) -> None:
    assert Settings(url=url).url == url


def test_an_address_loses_the_slash_at_its_end() -> None:
    assert Settings(url="https://wiki.example/confluence/").url == "https://wiki.example/confluence"


@pytest.mark.parametrize(
    "url",
    ["", "a.example", "ftp://a.example", "https://", "https://u:p@a.example", "https://a.example/?x=1", "https://["],
)
def test_what_is_no_bare_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="address"):
        Settings(url=url)


@pytest.mark.parametrize("token", ["", "two words", "line\n", "密码"])
def test_a_token_that_no_header_could_carry_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings(token=SecretStr(token))
    assert not token or token not in str(refusal.value)


@pytest.mark.parametrize("names", [(), ("",), ("a", " ")])
def test_names_are_not_empty(names: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="at least one"):
        Settings(names=names)


def test_credentials_go_out_as_headers() -> None:
    assert bearer(SecretStr("t")) == {"Authorization": "Bearer t"}
    assert bearer(None) == {}
    # The example of RFC 7617, section 2.
    assert basic("Aladdin", SecretStr("open sesame")) == {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://a.example/1", "https://a.example/1"),
        ("javascript:alert(1)", "here"),
        ("//a.example", "here"),
        ("https://a.example/1 2", "here"),
    ],
)
def test_only_web_pages_are_linked(url: str, link: str) -> None:
    assert web_link(url, "here") == link
