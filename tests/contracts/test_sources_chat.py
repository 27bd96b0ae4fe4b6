"""The sources seam behind Feishu and Slack: documents and threads keep the seam's promises, whatever their API does."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connectors.configuration import BadSettings, Roots, validate
from connectors.load import vendor
from connectors.sources.port import Document, Source, SourceUnavailable, Unreadable
from tests.contracts.recordings import Replay, cut_off, refused

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
SECRET = "feishu-app-secret"
APP = {"app_id": "cli_a1b2c3d4e5f60708", "app_secret": SECRET}
ROOTS = Roots(Path("home"), Path("models"))
DISK, CHECKOUT = "doxcnDiskFullRunbook02", "doxcnCheckoutRunbook01"


@dataclass(frozen=True)
class Origin:
    """One recording: what it was recorded with, its documents, one that is gone, and where single ones lie."""

    recording: str
    table: dict[str, Any]
    ids: tuple[str, ...] = ()
    english: str = ""
    chinese: str = ""
    gone: str = ""
    title: str = ""
    words: str = ""
    one: str = ""
    skipped: dict[str, int] = field(default_factory=dict)
    refusal: tuple[int, Any] = (200, {"ok": False, "error": "thread_not_found"})

    def replay(self) -> Replay:
        return Replay.of(self.recording, NOW)

    @asynccontextmanager
    async def connected(self, replay: Replay, **table: Any) -> AsyncIterator[Source]:
        name = self.recording.partition("/")[0]
        found = vendor("sources", name)
        settings = validate(found.Settings, {**self.table, **table}, ROOTS, name)
        async with found.connect(settings, replay.network) as source:  # type: ignore[call-arg]  # tests bring the network
            yield source


WIKI = Origin(
    "feishu_docs/wiki",
    {**APP, "spaces": ["7034502641455497244"], "link": "https://acme.feishu.cn"},
    (CHECKOUT, DISK, "doxcnIndexPage0000"),
    DISK,
    CHECKOUT,
    "never.md",
    "结账服务超时",
    "支付接口 `POST /pay` 延迟超过 3 秒，见[监控面板](https://grafana.example/d/pay)。",
    f"documents/{DISK}/",
    {"sheet, not a document": 1},
    (403, {"code": 1770032, "msg": "forBidden"}),
)
GROUP = Origin(
    "feishu_threads/group",
    {**APP, "chats": ["oc_5ad11d72b830411d72b836c20"]},
    ("omt_d4be107c616a", "omt_e5cf218d727b"),
    "omt_e5cf218d727b",
    "omt_d4be107c616a",
    "omt_never00000",
    "磁盘使用率 95%",
    "@Tom 日志盘满了，看下 [面板](https://grafana.example/d/disk)",
    "container_id=omt_e5cf218d727b",
    {"thread of fewer than 2 replies": 1},
    (400, {"code": 230110, "msg": "Action unavailable as the message has been deleted."}),
)
CHANNEL = Origin(
    "slack_threads/channel",
    {"token": SECRET, "channels": ["C024BE91L"]},
    ("C024BE91L/1772406000.000100", "C024BE91L/1772409600.000100"),
    "C024BE91L/1772406000.000100",
    "C024BE91L/1772409600.000100",
    "C024BE91L/1772400000.000900",
    "[FIRING:1] DiskFull",
    "删除旧的段以后恢复了：`rm /data/segments/old-*`",
    "ts=1772406000.000100",
    {"thread of fewer than 2 replies": 1},
)


@pytest.fixture(params=[WIKI, GROUP, CHANNEL], ids=lambda origin: origin.recording)
def origin(request: pytest.FixtureRequest) -> Origin:
    found: Origin = request.param
    return found


async def read(origin: Origin, replay: Replay, *ids: str, **table: Any) -> list[Document | Unreadable]:
    async with origin.connected(replay, **table) as source:
        return [document async for document in source.documents(list(ids))]


async def one(origin: Origin, id: str, **table: Any) -> Document:
    async with origin.connected(origin.replay(), **table) as source:
        await source.entries()
        (document,) = [document async for document in source.documents([id])]
    assert isinstance(document, Document), document
    return document


async def test_lists_every_document_once_with_a_digest(origin: Origin) -> None:
    async with origin.connected(origin.replay()) as source:
        entries = await source.entries()

    assert tuple(entry.id for entry in entries) == origin.ids
    assert len({entry.digest for entry in entries}) == len(origin.ids)
    assert source.skipped == origin.skipped


async def test_digests_stay_while_nothing_changes(origin: Origin) -> None:
    async with origin.connected(origin.replay()) as source:
        assert await source.entries() == await source.entries()


async def test_other_readers_make_it_another_entry(origin: Origin) -> None:
    async with (
        origin.connected(origin.replay()) as open_to_all,
        origin.connected(origin.replay(), readers=["a"]) as some,
    ):
        before, after = await open_to_all.entries(), await some.entries()

    assert before[0].digest != after[0].digest


async def test_reads_what_is_asked_for_in_that_order(origin: Origin) -> None:
    documents = await read(origin, origin.replay(), origin.chinese, origin.english)

    assert [document.id for document in documents] == [origin.chinese, origin.english]
    assert isinstance(documents[0], Document)
    assert documents[0].title == origin.title
    assert origin.words in documents[0].text
    assert documents[0].link.startswith("https://")
    assert len(documents[0].digest) == 64


async def test_a_document_that_went_away_is_unreadable_and_the_rest_is_read(origin: Origin) -> None:
    gone, there = await read(origin, origin.replay(), origin.gone, origin.english)

    assert isinstance(gone, Unreadable)
    assert gone.reason
    assert isinstance(there, Document)


async def test_a_document_that_is_refused_meanwhile_is_unreadable(origin: Origin) -> None:
    replay = origin.replay()
    status, answer = origin.refusal
    replay.change(origin.one, answer, status)

    refusal, there = await read(origin, replay, origin.english, origin.chinese)

    assert isinstance(refusal, Unreadable)
    assert "refuses" in refusal.reason
    assert isinstance(there, Document)


async def test_a_truncated_document_is_unreadable(origin: Origin) -> None:
    replay = origin.replay()
    replay.change(origin.one, '{"ok": true, "code": 0, "data": {"items": [{"block')

    damaged, there = await read(origin, replay, origin.english, origin.chinese)

    assert isinstance(damaged, Unreadable)
    assert "damaged" in damaged.reason
    assert isinstance(there, Document)


async def test_readers_of_the_settings_are_the_document_s(origin: Origin) -> None:
    assert (await one(origin, origin.english, readers=["sre", "dev"])).readers == ("sre", "dev")


async def test_what_passes_is_waited_for(origin: Origin) -> None:
    replay = origin.replay()
    limited = refused(400, {"code": 99991400, "msg": "request trigger frequency limit"}, x_ogw_ratelimit_reset="52")
    if origin is CHANNEL:
        limited = refused(429, {"ok": False, "error": "ratelimited"}, retry_after="52")
    part = {"feishu_docs": "/nodes", "feishu_threads": "/messages", "slack_threads": "history"}
    replay.trouble(part[origin.recording.partition("/")[0]], limited, cut_off())

    async with origin.connected(replay) as source:
        assert len(await source.entries()) == len(origin.ids)
    assert replay.slept == [52.0, 1.0]


async def test_more_waiting_than_patience_ends_the_run_and_says_until_when(origin: Origin) -> None:
    replay = origin.replay()
    replay.trouble("", refused(429, retry_after="3600"))

    async with origin.connected(replay) as source:
        with pytest.raises(SourceUnavailable, match=r"2026-03-02 10:00 UTC.*longest_wait_seconds"):
            await source.entries()


@pytest.mark.parametrize(
    ("name", "table", "key"),
    [
        pytest.param("feishu_docs", APP, "spaces, folders or documents", id="nothing-to-read"),
        pytest.param("feishu_docs", {**APP, "spaces": ["../x"]}, "neither a token", id="path-as-space"),
        pytest.param("feishu_docs", {**APP, "documents": ["https://a.cn/sheets/x12345"]}, "address", id="a-sheet"),
        pytest.param("feishu_docs", {"app_id": "x", "spaces": ["abcde"]}, "app_secret", id="no-secret"),
        pytest.param("feishu_docs", {**APP, "spaces": ["abcde"], "domain": "x"}, "domain", id="other-domain"),
        pytest.param("feishu_threads", {**APP, "chats": []}, "chats", id="no-chats"),
        pytest.param("feishu_threads", {**APP, "chats": ["ops"]}, "oc_", id="name-as-chat"),
        pytest.param("slack_threads", {"token": SECRET, "channels": ["#ops"]}, "not their names", id="name-as-channel"),
        pytest.param("slack_threads", {"token": "a\nb", "channels": ["C024BE91L"]}, "token", id="token-of-two-lines"),
    ],
)
def test_wrong_settings_are_refused(name: str, table: dict[str, Any], key: str) -> None:
    with pytest.raises(BadSettings, match=key) as refusal:
        validate(vendor("sources", name).Settings, table, ROOTS, name)
    assert SECRET not in str(refusal.value)
