"""The sources seam behind APIs: every tracker and wiki keeps the seam's promises, also when its API does not."""

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
TOKEN = "s3cret-token"


@dataclass(frozen=True)
class Api:
    """One recording: what it was recorded with, its two documents, one that is gone, and where single ones lie."""

    recording: str
    table: dict[str, Any]
    english: str
    chinese: str
    gone: str
    title: str
    words: str
    one: str
    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def vendor(self) -> str:
        return self.recording.partition("/")[0]

    def replay(self) -> Replay:
        return Replay.of(self.recording, NOW)

    @asynccontextmanager
    async def connected(self, replay: Replay, **table: Any) -> AsyncIterator[Source]:
        found = vendor("sources", self.vendor)
        roots = Roots(Path("home"), Path("models"))
        settings = validate(found.Settings, {**self.table, "token": TOKEN, **table}, roots, self.vendor)
        async with found.connect(settings, replay.network) as source:  # type: ignore[call-arg]  # tests bring the network
            yield source


JIRA = {"jql": "project = OPS order by created", "user": "bot@acme.example", "url": "https://acme.atlassian.net"}
JIRA_SERVER = {"jql": "project = OPS", "url": "https://jira.acme.example", "edition": "data_center"}
WIKI = {"spaces": ["OPS"], "url": "https://acme.atlassian.net/wiki", "user": "bot@acme.example"}
LEVEL = "ticket for roles, or with a security level that security_readers does not name"
NOBODY, HIDDEN = "page that is not for groups", "page below one whose restrictions cannot be read"
GITHUB = Api(
    "github/issues",
    {"repositories": ["acme/checkout"]},
    "acme/checkout#7",
    "acme/checkout#9",
    "acme/checkout#999",
    "checkout#9: 磁盘已满导致订单服务不可用",
    "删除旧的段后恢复",
    "/issues/7",
    {"pull request": 1},
)
GITLAB = Api(
    "gitlab/issues",
    {"projects": ["acme/orders"]},
    "acme/orders#3",
    "acme/orders#5",
    "acme/orders#999",
    "orders#5: 证书过期导致登录失败",
    "网关证书过期",
    "/issues/3",
    {"confidential issue": 1},
)
JIRA_CLOUD = Api(
    "jira/cloud",
    JIRA,
    "OPS-1",
    "OPS-2",
    "OPS-999",
    "OPS-2: 订单服务内存不足",
    "容器被 OOMKilled",
    "/issue/OPS-1",
    {LEVEL: 2},
)
JIRA_DATA_CENTER = Api(
    "jira/data_center",
    JIRA_SERVER,
    "OPS-1",
    "OPS-2",
    "OPS-999",
    "OPS-2: 订单服务内存不足",
    "容器被 OOMKilled",
    "/issue/OPS-1",
    {LEVEL: 1},
)
CONFLUENCE = Api(
    "confluence/cloud", WIKI, "101", "102", "999", "数据库主从切换", "再执行切换", "id%3D101", {NOBODY: 3, HIDDEN: 1}
)
CONFLUENCE_DATA_CENTER = Api(
    "confluence/data_center",
    {"spaces": ["OPS"], "url": "https://wiki.acme.example"},
    "101",
    "102",
    "999",
    "数据库主从切换",
    "再执行切换",
    "id%3D101",
)
ALL = (GITHUB, GITLAB, JIRA_CLOUD, JIRA_DATA_CENTER, CONFLUENCE, CONFLUENCE_DATA_CENTER)


@pytest.fixture(params=ALL, ids=lambda api: api.recording)
def api(request: pytest.FixtureRequest) -> Api:
    found: Api = request.param
    return found


async def read(api: Api, replay: Replay, *ids: str, **table: Any) -> list[Document | Unreadable]:
    async with api.connected(replay, **table) as source:
        return [document async for document in source.documents(list(ids))]


async def one(api: Api, id: str, **table: Any) -> Document:
    (document,) = await read(api, api.replay(), id, **table)
    assert isinstance(document, Document), document
    return document


async def test_lists_every_document_once_with_a_digest(api: Api) -> None:
    async with api.connected(api.replay()) as source:
        entries = await source.entries()

    assert [entry.id for entry in entries] == [api.english, api.chinese]
    assert len({entry.digest for entry in entries}) == 2
    assert source.skipped == api.skipped


async def test_digests_stay_while_nothing_changes(api: Api) -> None:
    async with api.connected(api.replay()) as source:
        assert await source.entries() == await source.entries()


async def test_other_readers_make_it_another_entry(api: Api) -> None:
    async with api.connected(api.replay()) as open_to_all, api.connected(api.replay(), readers=["sre"]) as for_some:
        before, after = await open_to_all.entries(), await for_some.entries()

    assert before[0].digest != after[0].digest


async def test_reads_what_is_asked_for_in_that_order(api: Api) -> None:
    documents = await read(api, api.replay(), api.chinese, api.english)

    assert [document.id for document in documents] == [api.chinese, api.english]
    assert isinstance(documents[0], Document)
    assert documents[0].title == api.title
    assert api.words in documents[0].text
    assert documents[0].link.startswith("https://")
    assert len(documents[0].digest) == 64


async def test_a_document_that_went_away_is_unreadable_and_the_rest_is_read(api: Api) -> None:
    gone, there = await read(api, api.replay(), api.gone, api.english)

    assert isinstance(gone, Unreadable)
    assert "404" in gone.reason or "no longer there" in gone.reason
    assert isinstance(there, Document)


@pytest.mark.parametrize("status", [403, 410])
async def test_a_document_that_is_forbidden_meanwhile_is_unreadable(api: Api, status: int) -> None:
    replay = api.replay()
    replay.change(api.one, {"message": "no"}, status)

    forbidden, there = await read(api, replay, api.english, api.chinese)

    assert isinstance(forbidden, Unreadable)
    assert isinstance(there, Document)


async def test_a_damaged_document_is_unreadable(api: Api) -> None:
    replay = api.replay()
    replay.change(api.one, '{"id": 1, "title": [')

    (damaged,) = await read(api, replay, api.english)

    assert isinstance(damaged, Unreadable)
    assert "damaged" in damaged.reason


async def test_readers_of_the_settings_are_the_document_s(api: Api) -> None:
    assert (await one(api, api.english, readers=["sre", "dev"])).readers in (("sre", "dev"), ("dev", "sre"))


async def test_waits_as_long_as_it_is_told_to(api: Api) -> None:
    replay = api.replay()
    replay.trouble("", refused(429, retry_after="7"), refused(503), cut_off())

    async with api.connected(replay) as source:
        assert len(await source.entries()) == 2
    assert replay.slept == [7.0, 1.0, 2.0]


async def test_an_api_that_stays_broken_ends_the_run(api: Api) -> None:
    replay = api.replay()
    replay.trouble("", *[refused(500)] * 5)

    async with api.connected(replay) as source:
        with pytest.raises(SourceUnavailable, match="run again later"):
            await source.entries()


async def test_a_refused_credential_is_named_but_not_told(api: Api) -> None:
    replay = api.replay()
    replay.trouble("", refused(401, {"message": f"bad {TOKEN}"}))

    async with api.connected(replay) as source:
        with pytest.raises(SourceUnavailable, match="token") as refusal:
            await source.entries()
    assert TOKEN not in str(refusal.value)


async def test_a_login_page_in_place_of_data_ends_the_run(api: Api) -> None:
    replay = api.replay()
    replay.trouble("", refused(200, "<!DOCTYPE html><title>Log in</title>"))

    async with api.connected(replay) as source:
        with pytest.raises(SourceUnavailable, match="check url"):
            await source.entries()


async def test_a_short_list_says_that_it_was_cut(api: Api) -> None:
    async with api.connected(api.replay(), max_pages=1) as source:
        await source.entries()

    assert any("beyond max_pages" in reason for reason in source.skipped)


@pytest.mark.parametrize(
    ("name", "table", "key"),
    [
        pytest.param("github", {"repositories": []}, "repositories", id="no-repositories"),
        pytest.param("github", {"repositories": ["https://github.com/a/b"]}, "owner/name", id="address-as-repository"),
        pytest.param("github", {"repositories": ["a/b"], "token": ""}, "token", id="empty-token"),
        pytest.param("github", {"repositories": ["a/b"], "token": "a\nb"}, "token", id="token-with-line-break"),
        pytest.param("github", {"repositories": ["a/b"], "url": "api.github.com"}, "url", id="address-without-scheme"),
        pytest.param("gitlab", {"projects": ["orders"]}, "group/project", id="project-without-group"),
        pytest.param("gitlab", {"projects": ["a/b"], "url": "https://u:p@host"}, "token", id="credential-in-address"),
        pytest.param("jira", {**JIRA, "jql": " order by created"}, "jql", id="order-is-no-condition"),
        pytest.param("jira", JIRA, "token is missing", id="user-without-token"),
        pytest.param("jira", {**JIRA, "user": "", "token": TOKEN}, "user is missing", id="cloud-token-without-user"),
        pytest.param("confluence", {**WIKI, "spaces": ['OPS") or ("']}, "space keys", id="query-as-space"),
        pytest.param("confluence", WIKI, "token is missing", id="wiki-user-without-token"),
        pytest.param("confluence", {"spaces": ["OPS"]}, "url", id="no-address"),
    ],
)
def test_wrong_settings_are_refused(name: str, table: dict[str, Any], key: str) -> None:
    with pytest.raises(BadSettings, match=key) as refusal:
        validate(vendor("sources", name).Settings, table, Roots(Path("home"), Path("models")), name)
    assert TOKEN not in str(refusal.value)
