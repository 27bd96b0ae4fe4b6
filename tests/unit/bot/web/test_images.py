"""Pictures over the web API: kept ahead of their message, and nobody else's to see."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from bot.settings import Web
from connectors.chat.port import IncomingMessage
from connectors.images import MOST_BYTES
from connectors.state.port import UNSENT_KEPT
from tests.pictures import png
from tests.unit.bot.web.front_end import Site

WIKI = "https://wiki.example.com"
# A file that is a GIF to one reader and a page with a script to another.
POLYGLOT = (
    b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;<script>alert(1)</script>"
)


async def kept(browser: httpx.AsyncClient, content: bytes) -> str:
    answer = await browser.post("/api/images", content=content)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def image(digest: str, **more: str) -> dict[str, str]:
    return {"id": digest, "name": "shot.png", **more}


async def test_a_picture_comes_back_as_what_its_bytes_are(guest: httpx.AsyncClient) -> None:
    headers = {"content-type": "text/html", "x-filename": "shot.html"}
    answer = await guest.post("/api/images", content=png(), headers=headers)

    shown = await guest.get(f"/api/images/{answer.json()['id']}")

    assert (shown.content, shown.headers["content-type"]) == (png(), "image/png")


async def test_whatever_else_is_in_a_picture_stays_in_it(guest: httpx.AsyncClient) -> None:
    shown = await guest.get(f"/api/images/{await kept(guest, POLYGLOT)}")

    assert shown.headers["content-type"] == "image/gif"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert shown.headers["content-disposition"] == 'attachment; filename="picture"'
    assert shown.headers["cross-origin-resource-policy"] == "same-origin"
    assert shown.headers["cache-control"] == "private, no-cache"


async def test_a_picture_that_the_browser_has_is_not_sent_again(guest: httpx.AsyncClient) -> None:
    digest = await kept(guest, png())

    again = await guest.get(f"/api/images/{digest}", headers={"if-none-match": f'"{digest}"'})

    assert (again.status_code, again.content) == (304, b"")


REFUSED = [
    pytest.param(b"", 415, "image_empty", "empty", id="empty"),
    pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "image_svg", "SVG", id="svg"),
    pytest.param(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", 415, "image_heic", "HEIC", id="heic"),
    pytest.param(b"<!doctype html><script>", 415, "image_format", "not a picture", id="a-page"),
    pytest.param(png(width=50_001, height=1_000, drawn=1), 415, "image_pixels", "pixels", id="a-bomb"),
    pytest.param(b"\x89PNG\r\n\x1a\n", 415, "image_format", "not a picture", id="cut-off"),
    pytest.param(png() + b"\0" * MOST_BYTES, 413, "too_long", "20,480 KB", id="too-large"),
]


@pytest.mark.parametrize(("content", "status", "code", "said"), REFUSED)
async def test_what_cannot_be_read_is_refused_with_a_reason(
    guest: httpx.AsyncClient, content: bytes, status: int, code: str, said: str
) -> None:
    answer = await guest.post("/api/images", content=content)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert said in answer.json()["detail"]


async def test_nobody_sends_a_body_before_it_is_known_who_they_are(site: Site) -> None:
    async def unread() -> AsyncIterator[bytes]:
        pytest.fail("the body was read")
        yield b""

    browser = await site.browser(Web(token="a-token-of-some-length"))

    assert (await browser.post("/api/images", content=unread())).status_code == 401
    foreign = await browser.post("/api/images", content=unread(), headers={"origin": "https://evil.example"})
    assert foreign.status_code == 403


async def test_a_message_refers_to_what_was_kept(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str]
) -> None:
    digest = await kept(guest, png())
    images = [image(digest, text="PoolTimeout")]

    accepted = (await guest.post("/api/messages", json={**question, "text": "", "images": images})).json()

    stored = await site.state.question(accepted["question_id"])
    assert stored is not None
    (attached,) = IncomingMessage.model_validate_json(stored.body).attachments
    assert (attached.digest, attached.name, attached.text) == (digest, "shot.png", "PoolTimeout")
    (shown,) = (await guest.get(f"/api/threads/{accepted['thread_id']}")).json()["questions"]
    assert shown["images"] == images


async def test_a_sent_picture_is_seen_by_those_who_see_its_thread(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str]
) -> None:
    digest = await kept(guest, png())
    sent = (await guest.post("/api/messages", json={**question, "images": [image(digest)]})).json()
    path, stranger = f"/api/questions/{sent['question_id']}/images/{digest}", await site.browser()

    assert (await guest.get(path)).content == png()
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.get(f"/api/images/{digest}")).status_code == 404
    await kept(stranger, png("another"))
    assert (await guest.get(path.replace(digest, await kept(guest, png("unsent"))))).status_code == 404


async def test_knowing_a_digest_gives_nobody_the_picture(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str]
) -> None:
    digest, stranger = await kept(guest, png()), await site.browser()

    answer = await stranger.post("/api/messages", json={**question, "images": [image(digest)]})

    assert (answer.status_code, answer.json()["code"]) == (409, "missing_picture")
    assert (await stranger.get("/api/threads")).json() == {"threads": []}


async def test_sent_again_it_is_the_same_picture_and_the_same_message(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str]
) -> None:
    digest = await kept(guest, png())
    assert await kept(guest, png()) == digest
    first = (await guest.post("/api/messages", json={**question, "images": [image(digest)]})).json()
    site.time += UNSENT_KEPT + timedelta(hours=1)

    again = (await guest.post("/api/messages", json={**question, "images": [image(digest)]})).json()

    assert again == {**first, "fresh": False}
    assert (await guest.get(f"/api/images/{digest}")).status_code == 200


async def test_a_picture_that_waited_for_too_long_is_asked_for_again(
    site: Site, guest: httpx.AsyncClient, question: dict[str, str]
) -> None:
    digest = await kept(guest, png())
    site.time += UNSENT_KEPT + timedelta(hours=1)

    answer = await guest.post("/api/messages", json={**question, "images": [image(digest)]})

    assert (answer.status_code, answer.json()["code"]) == (409, "missing_picture")


async def test_too_many_waiting_pictures_are_refused(guest: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.state.memory.UNSENT_BYTES", len(png()) + 1)
    await kept(guest, png())

    answer = await guest.post("/api/images", content=png("b"))

    assert (answer.status_code, answer.json()["code"]) == (409, "too_much_unsent")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"images": [image("0" * 64)] * 6}, id="six"),
        pytest.param({"images": [image("../../etc/passwd")]}, id="no-digest"),
        pytest.param({"images": [image("0" * 64, text="x" * 12_001)]}, id="too-long-a-text"),
        pytest.param({"images": [{"id": "0" * 64, "name": ""}]}, id="no-name"),
    ],
)
async def test_a_message_with_odd_pictures_is_refused(
    guest: httpx.AsyncClient, question: dict[str, str], change: dict[str, object]
) -> None:
    assert (await guest.post("/api/messages", json={**question, **change})).status_code == 422


async def test_a_listed_site_sends_and_sees_pictures_without_cookies(site: Site) -> None:
    token = "a-token-of-some-length"
    browser = await site.browser(Web(token=token, allowed_origins=(WIKI,)))
    headers = {"origin": WIKI, "authorization": f"Bearer {token}", "x-nightshift-visitor": "v" * 24}
    digest = (await browser.post("/api/images", content=png(), headers=headers)).json()["id"]

    shown = await browser.get(f"/api/images/{digest}", headers=headers)

    assert (shown.content, shown.headers["access-control-allow-origin"]) == (png(), WIKI)
    assert (await browser.get(f"/api/images/{digest}", headers={"origin": WIKI})).status_code == 401
