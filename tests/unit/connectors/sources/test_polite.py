"""The client of every source behind an API: how it waits, when it gives up, and what it never tells."""

import datetime as dt
import gzip
from contextlib import AsyncExitStack

import httpx
import pytest
from pydantic import BaseModel

from connectors.sources.listing import each, listed
from connectors.sources.polite import Answer, Client, Failing, Limits, NoAnswer, Site, open_client
from connectors.sources.port import Document, SourceUnavailable, Unreadable
from tests.contracts.recordings import Exchange, Replay, cut_off, refused

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
SECRET = "s3cret-token"
GOOD = Exchange("GET /api/a", {"id": 7})


async def client(stack: AsyncExitStack, replay: Replay, **limits: float) -> Client:
    site = Site(
        name="Tickets",
        url="https://api.example/api",
        limits=Limits.model_validate({"longest_wait_seconds": 100, **limits}),
        headers={"Authorization": f"Bearer {SECRET}"},
        secrets=(SECRET,),
        advice={403: "give the token the scope read:tickets"},
        busy=lambda answer: b'"code": 999' in answer.raw,
    )
    return await stack.enter_async_context(open_client(site, replay.network))


async def ask(replay: Replay, **limits: float) -> Answer:
    async with AsyncExitStack() as stack:
        return await (await client(stack, replay, **limits)).get("/a")


@pytest.mark.parametrize(
    ("trouble", "waits"),
    [
        pytest.param(refused(429, retry_after="7"), [7.0], id="seconds"),
        pytest.param(refused(429, retry_after="Mon, 02 Mar 2026 09:00:09 GMT"), [9.0], id="http-date"),
        pytest.param(refused(429, x_ratelimit_reset="2026-03-02T09:01Z"), [60.0], id="iso-8601"),
        pytest.param(refused(403, x_ratelimit_remaining="0", x_ratelimit_reset="1772442012"), [12.0], id="epoch"),
        pytest.param(refused(429, ratelimit_reset="3"), [3.0], id="seconds-until-reset"),
        pytest.param(refused(400, {"code": 999}, x_ogw_ratelimit_reset="4"), [4.0], id="the-body-says-busy"),
        pytest.param(refused(429, retry_after="soon"), [0.5], id="nonsense"),
        pytest.param(refused(503), [0.5], id="broken"),
        pytest.param(cut_off(), [0.5], id="cut-off"),
        pytest.param(httpx.ConnectTimeout("late"), [0.5], id="late"),
    ],
)
async def test_what_passes_is_waited_for(trouble: Exchange | Exception, waits: list[float]) -> None:
    replay = Replay(GOOD, now=NOW)
    replay.trouble("/api/a", trouble)

    assert (await ask(replay)).raw == b'{"id": 7}'
    assert replay.slept == waits


async def test_a_wait_above_the_ceiling_ends_the_run_and_says_when_to_come_back() -> None:
    replay = Replay(GOOD, now=NOW)
    replay.trouble("/api/a", refused(429, retry_after="3600"))

    with pytest.raises(SourceUnavailable, match=r"2026-03-02 10:00 UTC.*longest_wait_seconds"):
        await ask(replay)
    assert replay.slept == []


async def test_waits_of_one_call_add_up_to_the_ceiling() -> None:
    replay = Replay(GOOD, now=NOW)
    replay.trouble("/api/a", *[refused(429, retry_after="40")] * 3)

    with pytest.raises(SourceUnavailable, match="no more calls"):
        await ask(replay)
    assert replay.slept == [40.0, 40.0]


async def test_who_has_used_up_the_quota_waits_before_being_refused() -> None:
    last = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW.timestamp()) + 20)}
    replay = Replay(Exchange("GET /api/a", {}, headers=last), GOOD, now=NOW)

    async with AsyncExitStack() as stack:
        tickets = await client(stack, replay)
        await tickets.get("/a")
        await tickets.get("/a")

    assert replay.slept == [20.0]


async def test_attempts_are_bounded() -> None:
    replay = Replay(GOOD, now=NOW)
    replay.trouble("/api/a", *[refused(500)] * 9)

    with pytest.raises(Failing, match=r"Tickets answers 500: run again later\."):
        await ask(replay)
    assert len(replay.asked) == 5


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [(401, SourceUnavailable, "check token"), (403, NoAnswer, "scope read:tickets"), (404, NoAnswer, "404")],
)
async def test_a_refusal_names_what_to_mend_and_never_the_credential(
    status: int, kind: type[Exception], words: str
) -> None:
    replay = Replay(GOOD, now=NOW)
    replay.change("/api/a", {"message": f"Bad credential\n Bearer {SECRET}"}, status)

    with pytest.raises(kind, match=words) as refusal:
        await ask(replay)
    assert "Bad credential Bearer …" in str(refusal.value)
    assert SECRET not in str(refusal.value)
    assert type(refusal.value) is kind


@pytest.mark.parametrize(
    "target", ["https://evil.example/api/a", "http://api.example/api/b", "https://api.example:99/"]
)
async def test_the_credential_never_goes_elsewhere(target: str) -> None:
    replay = Replay(Exchange("GET /api/a", status=302, headers={"Location": target}), now=NOW)

    with pytest.raises(SourceUnavailable, match="sends calls on to"):
        await ask(replay)
    assert len(replay.asked) == 1


async def test_a_redirect_on_the_same_host_is_followed() -> None:
    moved = Exchange("GET /api/a", status=301, headers={"Location": "/api/b"})
    replay = Replay(moved, Exchange("GET /api/b", {"id": 8}), now=NOW)

    assert (await ask(replay)).raw == b'{"id": 8}'
    assert replay.asked[1].headers["authorization"] == f"Bearer {SECRET}"


async def test_redirects_in_a_circle_end() -> None:
    with pytest.raises(Failing, match="circles"):
        await ask(Replay(Exchange("GET /api/a", status=301, headers={"Location": "/api/a"}), now=NOW))


@pytest.mark.parametrize("address", ["https://evil.example/a", "http://api.example/a", "https://[", "https://a:b:c/"])
async def test_an_address_of_the_api_is_followed_on_its_own_host_only(address: str) -> None:
    replay = Replay(GOOD, now=NOW)
    async with AsyncExitStack() as stack:
        with pytest.raises(NoAnswer):
            await (await client(stack, replay)).get(address)
    assert replay.asked == []


async def test_a_huge_body_is_not_read_to_its_end() -> None:
    bomb = gzip.compress(b"0" * 5_000_000)
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(bomb))
    )
    site = Site("Tickets", "https://api.example", Limits(max_bytes=100_000))
    async with open_client(site, Replay(now=NOW).network.__class__(transport)) as tickets:
        with pytest.raises(NoAnswer, match=r"larger than 0\.1 MB"):
            await tickets.get("/a")


class Ticket(BaseModel):
    id: int


@pytest.mark.parametrize("raw", [b'{"id": "x"}', b"", b"[" * 100_000, b'{"id": 7', b'{"id": 7}\xff'])
def test_a_damaged_answer_is_no_answer(raw: bytes) -> None:
    with pytest.raises(NoAnswer, match="damaged"):
        Answer(200, httpx.Headers(), raw).of(Ticket)


def test_a_login_page_is_known_as_one() -> None:
    with pytest.raises(SourceUnavailable, match="check url, and that token"):
        Answer(200, httpx.Headers(), b"\n<!DOCTYPE html>").of(Ticket)


async def test_a_list_is_read_page_by_page_up_to_a_limit() -> None:
    pages = {"": ([1, 2], "b"), "b": ([3], "")}

    async def page(mark: str) -> tuple[list[int], str]:
        return pages[mark]

    whole, part = await listed(page, 9), await listed(page, 1)

    assert (whole.items, whole.complete) == ([1, 2, 3], True)
    assert (part.items, part.complete) == ([1, 2], False)


async def test_a_list_that_turns_in_a_circle_ends() -> None:
    async def page(mark: str) -> tuple[list[int], str]:
        return [1], "b"

    with pytest.raises(NoAnswer, match="circle"):
        await listed(page, 1_000)


async def test_one_document_that_breaks_the_api_does_not_end_the_run() -> None:
    async def read(id: str) -> Document | Unreadable:
        if id == "bad":
            raise Failing("500")
        return Document(id, id, "", "", "", "")

    found = [one async for one in each(["a", "bad", "c"], read)]

    assert [type(one) for one in found] == [Document, Unreadable, Document]


async def test_an_api_that_broke_down_ends_the_run() -> None:
    async def read(id: str) -> Document | Unreadable:
        raise Failing("500")

    with pytest.raises(Failing):
        [one async for one in each(["a", "b"], read)]
    with pytest.raises(Failing):
        [one async for one in each(["a"], read)]
