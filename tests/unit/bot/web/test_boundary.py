"""What every request passes on its way in, and every response on its way out."""

import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from bot.settings import Web
from connectors.state.port import Received, StateUnavailable
from tests.unit.bot.web.front_end import Site

WIKI = "https://wiki.example.com"
OPENED = Web(allowed_origins=(WIKI,))

ORIGINS = [
    pytest.param({}, 202, id="no-browser"),
    pytest.param({"origin": "http://localhost:8080"}, 202, id="this-site"),
    pytest.param({"origin": "http://localhost:8080", "sec-fetch-site": "same-origin"}, 202, id="this-site-confirmed"),
    pytest.param({"origin": "https://ops.example.com", "sec-fetch-site": "same-origin"}, 202, id="behind-a-proxy"),
    pytest.param({"sec-fetch-site": "none"}, 202, id="typed-by-a-person"),
    pytest.param({"origin": "https://evil.example"}, 403, id="another-site"),
    pytest.param({"origin": "http://localhost:9999"}, 403, id="another-port"),
    pytest.param({"origin": "null"}, 403, id="sandboxed-page"),
    pytest.param({"sec-fetch-site": "cross-site"}, 403, id="another-site-by-fetch-metadata"),
    pytest.param({"sec-fetch-site": "same-site"}, 403, id="a-sibling-site"),
    pytest.param({"origin": "http://localhost:8080", "sec-fetch-site": "cross-site"}, 403, id="contradiction"),
]


@pytest.mark.parametrize(("headers", "status"), ORIGINS)
async def test_questions_come_from_our_own_pages(
    guest: httpx.AsyncClient, question: dict[str, str], headers: dict[str, str], status: int
) -> None:
    answer = await guest.post("/api/messages", json=question, headers=headers)

    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/login", "/logout", "/api/questions/q/feedback"])
async def test_no_post_is_taken_from_another_site(guest: httpx.AsyncClient, path: str) -> None:
    assert (await guest.post(path, headers={"origin": "https://evil.example"})).status_code == 403


async def test_a_listed_site_may_ask_without_cookies(site: Site, question: dict[str, str]) -> None:
    browser = await site.browser(OPENED)

    answer = await browser.post("/api/messages", json=question, headers={"origin": WIKI})

    assert answer.status_code == 202
    assert answer.headers["access-control-allow-origin"] == WIKI
    assert "access-control-allow-credentials" not in answer.headers
    assert "set-cookie" not in answer.headers


async def test_a_cookie_is_worth_nothing_on_a_listed_site(site: Site, question: dict[str, str]) -> None:
    browser = await site.browser(OPENED)
    await browser.post("/api/messages", json=question)

    own = await browser.get("/api/threads")
    foreign = await browser.get("/api/threads", headers={"origin": WIKI})

    assert len(own.json()["threads"]) == 1
    assert foreign.json()["threads"] == []


@pytest.mark.parametrize(("origin", "status"), [(WIKI, 204), ("https://evil.example", 403)])
async def test_a_browser_may_ask_beforehand(site: Site, origin: str, status: int) -> None:
    browser = await site.browser(OPENED)

    answer = await browser.options("/api/messages", headers={"origin": origin})

    assert answer.status_code == status
    assert ("authorization" in answer.headers.get("access-control-allow-headers", "")) == (status == 204)


async def test_refusals_can_be_read_by_a_listed_site(site: Site) -> None:
    browser = await site.browser(OPENED)

    answer = await browser.get("/api/threads/unknown", headers={"origin": WIKI})

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (404, WIKI)


@pytest.mark.parametrize(
    "path", ["/", "/login", "/demo", "/widget.js", "/static/chat.css", "/api/threads", "/api/threads/x"]
)
async def test_every_response_is_fenced(guest: httpx.AsyncClient, path: str) -> None:
    headers = (await guest.get(path)).headers
    policy = headers["content-security-policy"]

    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "img-src 'self' blob:;" in policy
    assert "frame-ancestors 'none'" in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


@pytest.mark.parametrize("path", ["/", "/login", "/demo"])
async def test_no_page_has_inline_script_or_style(guest: httpx.AsyncClient, path: str) -> None:
    html = (await guest.get(path)).text

    assert "<style" not in html
    assert " style=" not in html
    assert not re.search(r"<[^>]+\son\w+=", html)
    assert html.count("<script") == html.count("<script src=") + html.count('<script type="module" src=')


async def test_the_widget_can_be_loaded_from_everywhere(guest: httpx.AsyncClient) -> None:
    for path in ("/widget.js", "/static/chat.js"):
        headers = (await guest.get(path)).headers
        assert headers["cross-origin-resource-policy"] == "cross-origin"
        assert headers["access-control-allow-origin"] == "*"
        assert headers["content-type"].startswith("text/javascript")


async def test_an_unchanged_file_is_not_sent_again(guest: httpx.AsyncClient) -> None:
    first = await guest.get("/static/chat.js")
    second = await guest.get("/static/chat.js", headers={"if-none-match": first.headers["etag"]})

    assert (second.status_code, second.content) == (304, b"")


@pytest.mark.parametrize("path", ["/static/missing.js", "/static/..%2frouter.py", "/static/%2e%2e%2frouter.py"])
async def test_there_are_no_files_but_the_pages(guest: httpx.AsyncClient, path: str) -> None:
    assert (await guest.get(path)).status_code == 404


async def test_a_huge_body_is_cut_off_whatever_it_declares(guest: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b" " * 64 * 1024

    answer = await guest.post("/api/messages", content=endless(), headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (413, "too_long")


async def test_when_the_database_is_gone_the_sender_is_told_to_come_back(site: Site, question: dict[str, str]) -> None:
    async def gone(received: Received) -> tuple[str, bool]:
        raise StateUnavailable("disk full")

    site.state.accept = gone  # type: ignore[method-assign]  # a twin with a broken disk
    browser = await site.browser()

    answer = await browser.post("/api/messages", json=question)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "nothing was accepted" in answer.json()["detail"]
    assert "disk full" not in json.dumps(answer.json())


@pytest.mark.parametrize("body", [b'{"text": "\xff"}', b"[" * 100_000, b'{"text": ' + b"9" * 10_000 + b"}"])
async def test_what_is_no_json_is_refused_like_everything_else(guest: httpx.AsyncClient, body: bytes) -> None:
    answer = await guest.post("/api/messages", content=body, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "refused")
    assert answer.headers["x-content-type-options"] == "nosniff"
