"""Who gets in, as whom, and who does not."""

from datetime import timedelta

import pytest

from bot.settings import Proxy, Web
from tests.unit.bot.web.front_end import Site

TOKEN = "correct-horse-battery-staple"
SHARED = Web(token=TOKEN)
PROXIED = Web(proxy=Proxy(addresses=("10.0.0.0/8",)))
BOTH = Web(token=TOKEN, proxy=Proxy(addresses=("10.0.0.0/8",)))
ANN = {"x-forwarded-user": "ann@example.com"}
BEARER = {"authorization": f"Bearer {TOKEN}"}

MATRIX = [
    pytest.param(Web(), "127.0.0.1", {}, 200, "open", id="no-login-on-this-machine"),
    pytest.param(Web(), "127.0.0.1", {"host": "127.0.0.1:8080"}, 200, "open", id="no-login-by-address"),
    pytest.param(Web(), "127.0.0.1", {"host": "[::1]:8080"}, 200, "open", id="no-login-by-ipv6-address"),
    pytest.param(Web(), "127.0.0.1", {"host": "evil.example"}, 403, None, id="no-login-under-a-rebound-name"),
    pytest.param(Web(), "127.0.0.1", {"host": "localhost.evil.example"}, 403, None, id="no-login-under-a-lookalike"),
    pytest.param(Web(), "127.0.0.1", ANN, 200, "open", id="no-login-and-a-claimed-name"),
    pytest.param(SHARED, "10.1.2.3", {}, 401, None, id="token-missing"),
    pytest.param(SHARED, "10.1.2.3", BEARER, 200, "token", id="token-shown"),
    pytest.param(SHARED, "10.1.2.3", {"authorization": "Bearer wrong"}, 401, None, id="token-wrong"),
    pytest.param(SHARED, "10.1.2.3", {"authorization": f"Basic {TOKEN}"}, 401, None, id="token-in-another-scheme"),
    pytest.param(SHARED, "10.1.2.3", {"cookie": f"nightshift={TOKEN}"}, 401, None, id="token-as-cookie"),
    pytest.param(SHARED, "10.1.2.3", {"cookie": "nightshift=eyJhIjoxfQ.forged"}, 401, None, id="cookie-forged"),
    pytest.param(SHARED, "10.1.2.3", ANN, 401, None, id="token-and-a-claimed-name"),
    pytest.param(PROXIED, "10.1.2.3", ANN, 200, "proxy", id="proxy-names-the-person"),
    pytest.param(PROXIED, "10.1.2.3", {}, 401, None, id="proxy-names-nobody"),
    pytest.param(PROXIED, "10.1.2.3", {"x-forwarded-user": " "}, 401, None, id="proxy-names-a-blank"),
    pytest.param(PROXIED, "10.1.2.3", {"x-forwarded-user": "Slack:U1"}, 401, None, id="proxy-names-an-account"),
    pytest.param(PROXIED, "10.1.2.3", {"x-forwarded-user": f"guest-{'0' * 16}"}, 401, None, id="proxy-names-a-guest"),
    pytest.param(PROXIED, "10.1.2.3", {"x-forwarded-user": "guest-house"}, 200, "proxy", id="proxy-names-a-house"),
    pytest.param(PROXIED, "192.0.2.1", ANN, 401, None, id="name-from-elsewhere"),
    pytest.param(PROXIED, "127.0.0.1", ANN, 401, None, id="name-from-this-machine"),
    pytest.param(PROXIED, "192.0.2.1", {**ANN, "x-forwarded-for": "10.1.2.3"}, 401, None, id="name-and-forged-path"),
    pytest.param(BOTH, "192.0.2.1", {**ANN, **BEARER}, 200, "token", id="token-beats-a-claimed-name"),
    pytest.param(BOTH, "10.1.2.3", {**ANN, **BEARER}, 200, "proxy", id="proxy-beats-token"),
]


@pytest.mark.parametrize(("web", "address", "headers", "status", "login"), MATRIX)
async def test_who_gets_in(
    site: Site, web: Web, address: str, headers: dict[str, str], status: int, login: str | None
) -> None:
    browser = await site.browser(web, address)

    answer = await browser.get("/api/session", headers=headers)

    assert answer.status_code == status
    assert answer.json().get("login") == login


async def test_the_form_takes_the_token_and_gives_a_cookie_no_script_can_read(site: Site) -> None:
    browser = await site.browser(SHARED)

    answer = await browser.post("/login", data={"token": TOKEN})

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]
    assert TOKEN not in answer.headers["set-cookie"]
    assert (await browser.get("/api/session")).json() == {"login": "token", "name": ""}


@pytest.mark.parametrize(("headers", "secure"), [({}, 0), ({"x-forwarded-proto": "https"}, 1)])
async def test_a_cookie_given_over_tls_stays_there(site: Site, headers: dict[str, str], secure: int) -> None:
    answer = await (await site.browser(SHARED)).post("/login", data={"token": TOKEN}, headers=headers)

    assert answer.headers["set-cookie"].count("Secure") == secure


async def test_the_form_refuses_another_token(site: Site) -> None:
    browser = await site.browser(SHARED)

    answer = await browser.post("/login", data={"token": "guess"})

    assert answer.headers["location"] == "/login?failed"
    assert not browser.cookies


@pytest.mark.parametrize("token", [None, ""])
async def test_the_form_opens_nothing_when_there_is_no_token(site: Site, token: str | None) -> None:
    browser = await site.browser(PROXIED, "192.0.2.1")

    await browser.post("/login", data={"token": token} if token is not None else {})

    assert (await browser.get("/api/session")).status_code == 401


async def test_a_session_is_worth_nothing_on_another_site(site: Site) -> None:
    browser = await site.browser(SHARED)
    await browser.post("/login", data={"token": TOKEN})

    answer = await browser.get("/api/session", headers={"origin": "https://wiki.example.com"})

    assert answer.status_code == 401


async def test_a_session_ends_after_a_month(site: Site) -> None:
    browser = await site.browser(SHARED)
    await browser.post("/login", data={"token": TOKEN})

    site.time += timedelta(days=29)
    assert (await browser.get("/api/session")).status_code == 200
    site.time += timedelta(days=2)
    assert (await browser.get("/api/session")).status_code == 401


async def test_a_new_token_ends_every_session(site: Site) -> None:
    before = await site.browser(SHARED)
    await before.post("/login", data={"token": TOKEN})
    after = await site.browser(Web(token="another-token-altogether"))

    after.cookies = before.cookies

    assert (await after.get("/api/session")).status_code == 401


async def test_signing_out_ends_the_session(site: Site) -> None:
    browser = await site.browser(SHARED)
    await browser.post("/login", data={"token": TOKEN})

    await browser.post("/logout")

    assert (await browser.get("/api/session")).status_code == 401


async def test_without_a_session_the_page_leads_to_the_form(site: Site) -> None:
    browser = await site.browser(SHARED)

    answer = await browser.get("/")

    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_the_form_leads_on_to_the_page_that_was_asked_for(site: Site) -> None:
    browser = await site.browser(SHARED)
    asked = await browser.get("/incidents/inc-7")
    failed = await browser.post("/login", data={"token": "guess", "next": "/incidents/inc-7"})
    welcome = await browser.post("/login", data={"token": TOKEN, "next": "/incidents/inc-7"})

    assert asked.headers["location"] == "/login?next=%2Fincidents%2Finc-7"
    assert failed.headers["location"] == "/login?failed&next=%2Fincidents%2Finc-7"
    assert welcome.headers["location"] == "/incidents/inc-7"


@pytest.mark.parametrize(
    "page", ["//evil.example", "https://evil.example", "/incidents/../../x", "/\\evil.example", "/api/session", "\n/"]
)
async def test_the_form_leads_to_no_other_site(site: Site, page: str) -> None:
    welcome = await (await site.browser(SHARED)).post("/login", data={"token": TOKEN, "next": page})

    assert welcome.headers["location"] == "/"


async def test_the_proxy_shows_the_persons_name(site: Site) -> None:
    browser = await site.browser(PROXIED, "10.1.2.3")

    assert (await browser.get("/api/session", headers=ANN)).json()["name"] == "ann@example.com"


async def test_widgets_with_one_token_do_not_share_threads(site: Site, question: dict[str, str]) -> None:
    browser = await site.browser(SHARED)
    ann, bob = ({**BEARER, "x-nightshift-visitor": letter * 30} for letter in "ab")

    await browser.post("/api/messages", json=question, headers=ann)

    assert len((await browser.get("/api/threads", headers=ann)).json()["threads"]) == 1
    assert (await browser.get("/api/threads", headers=bob)).json()["threads"] == []
