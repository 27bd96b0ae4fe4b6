"""What Feishu documents and threads say as Markdown, with which calls, and what is told when they are refused."""

from typing import Any

import pytest

from connectors.sources.port import Document, SourceUnavailable, Unreadable
from tests.contracts.recordings import refused
from tests.contracts.test_sources_chat import APP, CHECKOUT, DISK, GROUP, SECRET, WIKI, Origin, one

NOTES, PLAN = "doxcnSharedNotes000003", "doxcnSecretPlan000004"


async def test_a_wiki_page_keeps_lists_code_merged_cells_and_its_place() -> None:
    page = await one(WIKI, CHECKOUT)

    assert page.link == "https://acme.feishu.cn/wiki/wikcnCheckout"
    assert page.labels == {"path": "值班手册", "date": "2026-02-27"}
    assert page.text.split("\n\n", 2)[2] == (
        "1. 扩容连接池\n   - 先看 `pg_stat_activity`\n2. 重启服务\n\n"
        "```bash\n# 重启\nkubectl rollout restart deploy/checkout\n```\n\n"
        "| 级别 | 值班 |\n| --- | --- |\n| P1 直接电话 | P1 直接电话 |\n\n"
        "> 不要在高峰期回滚 @ou_4f75b532aff410181e93552ad0532072"
    )


async def test_folders_shortcuts_and_single_documents_are_listed_once() -> None:
    documents = [NOTES, PLAN, f"https://acme.feishu.cn/docx/{DISK}?from=x", "https://acme.feishu.cn/wiki/wikcnDisk"]
    drive = Origin("feishu_docs/drive", {**APP, "folders": ["fldcnOps"], "documents": documents})
    async with drive.connected(drive.replay()) as source:
        ids = [entry.id for entry in await source.entries()]
        notes, plan = [document async for document in source.documents([NOTES, PLAN])]

    assert ids == [CHECKOUT, DISK, PLAN, NOTES]
    assert source.skipped == {"file, not a document": 1}
    assert isinstance(notes, Document)
    assert (notes.text, notes.labels["date"]) == ("Call the database team first.", "2026-02-28")
    assert isinstance(plan, Unreadable)
    assert "share the document" in plan.reason


async def test_a_wiki_address_that_may_not_be_opened_is_unreadable() -> None:
    table = {**APP, "documents": ["https://acme.feishu.cn/wiki/wikcnClosed"]}
    closed = Origin("feishu_docs/drive", table)
    async with closed.connected(closed.replay()) as source:
        (entry,) = await source.entries()
        (document,) = [document async for document in source.documents([entry.id])]

    assert isinstance(document, Unreadable)
    assert "member of the wiki space" in document.reason


async def test_a_wiki_branch_that_is_closed_is_counted_and_a_closed_space_named() -> None:
    refusal = {"code": 131006, "msg": "permission denied"}
    replay, closed = WIKI.replay(), WIKI.replay()
    replay.change("parent_node_token", refusal, 400)
    closed.change("/nodes", refusal, 400)

    async with WIKI.connected(replay) as source, WIKI.connected(closed) as none:
        assert [entry.id for entry in await source.entries()] == [DISK, "doxcnIndexPage0000"]
        with pytest.raises(SourceUnavailable, match=r"7034502641455497244.*member of the wiki space"):
            await none.entries()
    assert source.skipped["branch that the app may not open"] == 1


async def test_half_a_wiki_is_not_taken_for_all_of_it() -> None:
    async with WIKI.connected(WIKI.replay(), max_pages=2) as source:
        with pytest.raises(SourceUnavailable, match="raise max_pages"):
            await source.entries()


async def test_only_recent_documents_are_listed_when_wanted() -> None:
    async with WIKI.connected(WIKI.replay(), since_days=3) as source:
        assert [entry.id for entry in await source.entries()] == [CHECKOUT]
    assert source.skipped["unchanged since since_days"] == 2


async def test_an_access_token_serves_many_calls_and_is_renewed_when_refused() -> None:
    replay = WIKI.replay()
    expired = {"code": 99991663, "msg": "Invalid access token for authorization. Please make a request with token."}
    replay.trouble("/nodes", refused(400, expired))
    async with WIKI.connected(replay) as source:
        await source.entries()
        asked = [request for request in replay.asked if "tenant_access_token" in str(request.url)]
        replay.now += 7000
        await source.entries()

    assert len(asked) == 2
    assert len([request for request in replay.asked if "tenant_access_token" in str(request.url)]) == 3
    assert replay.asked[-1].headers["Authorization"] == "Bearer t-g1044qeGEDXTB6NDJOGV4JQCYDGHRBARFTGT1234"


@pytest.mark.parametrize(
    ("part", "answer", "advice"),
    [
        pytest.param(
            "internal", {"code": 10014, "msg": f"app {SECRET} invalid"}, "check app_id and app_secret", id="app"
        ),
        pytest.param("/nodes", {"code": 99991672, "msg": "[wiki:wiki] required"}, "Permissions & Scopes", id="scope"),
        pytest.param("/nodes", {"code": 99991663, "msg": "Invalid access token"}, "app_secret", id="token-never-good"),
    ],
)
async def test_a_refused_app_ends_the_run_with_what_to_do(part: str, answer: dict[str, Any], advice: str) -> None:
    replay = WIKI.replay()
    replay.change(part, answer, 400)

    async with WIKI.connected(replay) as source:
        with pytest.raises(SourceUnavailable, match=advice) as refusal:
            await source.entries()
    assert SECRET not in str(refusal.value)


async def test_lark_is_another_address() -> None:
    replay = WIKI.replay()
    async with WIKI.connected(replay, domain="lark", link="") as source:
        await source.entries()
        (page,) = [document async for document in source.documents([DISK])]

    assert {request.url.host for request in replay.asked} == {"open.larksuite.com"}
    assert isinstance(page, Document)
    assert page.link == "https://larksuite.com/wiki/wikcnDisk"


async def test_a_feishu_thread_tells_who_said_what_without_the_bot_s_own_guess() -> None:
    thread = await one(GROUP, "omt_d4be107c616a")

    assert thread.kind == "thread"
    assert thread.labels == {"channel": "值班 ops", "date": "2026-03-02"}
    assert thread.text == (
        "**告警机器人** (2026-03-02 00:00 UTC):\n\n**磁盘使用率 95%**\n\n**实例** log-3 严重\n\n"
        "**小明** (2026-03-02 00:01 UTC):\n\n@Tom 日志盘满了，看下 [面板](https://grafana.example/d/disk)\n\n"
        "**Tom** (2026-03-02 00:02 UTC):\n\n**删旧段：**\n\n```bash\nrm /data/segments/old-*\n```"
    )


async def test_a_listed_feishu_thread_is_not_fetched_again() -> None:
    replay = GROUP.replay()
    async with GROUP.connected(replay) as source:
        ids = [entry.id for entry in await source.entries()]
        before = len(replay.asked)
        assert [document.id async for document in source.documents(ids)] == ids
    assert len(replay.asked) == before


async def test_a_long_feishu_thread_is_read_to_its_end() -> None:
    replay = GROUP.replay()
    newest = next(row for row in replay.recorded if "omt_e5cf218d727b" in row.ask and "Desc" in row.ask)
    newest.answer["data"] = {**newest.answer["data"], "items": newest.answer["data"]["items"][:1], "has_more": True}

    async with GROUP.connected(replay) as source:
        assert len(await source.entries()) == 2
        (thread,) = [document async for document in source.documents(["omt_e5cf218d727b"])]
    assert isinstance(thread, Document)
    assert thread.text.count("(2026-03-01 23:") == 3


async def test_a_private_group_needs_readers() -> None:
    replay = GROUP.replay()
    chat = next(row for row in replay.recorded if "/chats/" in row.ask)
    chat.answer["data"]["chat_type"] = "private"

    async with GROUP.connected(replay) as closed, GROUP.connected(replay, readers=["sre"]) as reserved:
        with pytest.raises(SourceUnavailable, match="readers"):
            await closed.entries()
        (secret,) = [document async for document in closed.documents(["omt_e5cf218d727b"])]
        assert isinstance(secret, Unreadable)
        assert len(await reserved.entries()) == 2


async def test_a_group_without_the_bot_is_named() -> None:
    replay = GROUP.replay()
    replay.change("/messages", {"code": 230002, "msg": "The bot can not be outside the group."}, 400)

    async with GROUP.connected(replay) as source:
        with pytest.raises(SourceUnavailable, match="add the app's bot to the group"):
            await source.entries()


async def test_nulls_and_numbers_in_place_of_text_are_taken_as_they_are_meant() -> None:
    replay = WIKI.replay()
    nodes = [row.answer["data"] for row in replay.recorded if "/nodes" in row.ask]
    nodes[0]["items"][0] |= {"url": None, "obj_edit_time": 1772000000}
    nodes[2]["items"] = None

    async with WIKI.connected(replay) as source:
        assert [entry.id for entry in await source.entries()] == [DISK, "doxcnIndexPage0000"]


async def test_a_folder_that_is_closed_is_named_and_a_branch_of_one_counted() -> None:
    refusal = {"code": 1061004, "msg": "forbidden."}
    drive = Origin("feishu_docs/drive", {**APP, "folders": ["fldcnOps"], "documents": [PLAN]})
    replay, closed = drive.replay(), drive.replay()
    replay.change("fldcnDeep", refusal, 403)
    closed.change("fldcnOps", refusal, 403)

    async with drive.connected(replay) as source, drive.connected(closed) as none:
        assert [entry.id for entry in await source.entries()] == [DISK, PLAN, NOTES]
        with pytest.raises(SourceUnavailable, match=r"Folder fldcnOps.*share the document or its folder"):
            await none.entries()
    assert source.skipped["branch that the app may not open"] == 1
