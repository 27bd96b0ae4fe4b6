"""The fault expert: what it finds in answers that are written here."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.agents import fault
from bot.incident import ExpertReport, Trouble
from connectors.alerts.port import Alert
from connectors.tools.port import Recording, Result, Table
from tests.unit.bot.agents.desks import BEGAN, NOW, around, desk, told, trouble

POD = {"kind": "pod", "name": "cart-0", "namespace": "default"}
COLUMNS = ("time", "kind", "service", "environment", "version", "what", "by", "state", "link")


async def report(folder: Path, *recordings: Recording, about: Trouble | None = None) -> ExpertReport:
    kinds = ("logs", "cluster", "changes", "alerts")
    return await fault.examine(desk(folder, recordings, about or trouble(), kinds), around())


async def test_a_fault_is_found_with_its_line_word_for_word_in_what_is_cited_first(tmp_path: Path) -> None:
    found = await report(
        tmp_path, told("kubectl_describe", "State:\n   Reason:  OOMKilled\n" + "filler line\n" * 900, POD)
    )
    [first, *_] = found.findings
    cited = next(one for one in found.evidence if one.id == first.cites[0])

    assert (first.kind, first.cause, first.quote) == ("state", "resource", "Reason:  OOMKilled")
    assert first.quote in cited.text
    assert len(cited.text) <= 1500


async def test_findings_are_told_in_the_readers_language(tmp_path: Path) -> None:
    about = trouble("pod cart-0 挂了", language="zh")
    found = await report(tmp_path, told("kubectl_describe", "Reason:  OOMKilled", POD), about=about)

    assert found.findings[0].says == "cart-0 用的内存超过上限，被杀掉了。"


async def test_one_lead_is_followed_to_the_next(tmp_path: Path) -> None:
    found = await report(
        tmp_path,
        told("kubectl_describe", "Volumes:\n  ClaimName:  cart-data\n", POD),
        told(
            "kubectl_describe",
            'storageclass.storage.k8s.io "fast" not found',
            {"kind": "persistentvolumeclaim", "name": "cart-data", "namespace": "default"},
        ),
    )

    assert "the storage class fast does not exist" in found.findings[0].says


async def test_what_was_broken_and_is_in_order_again_weighs_less_than_that_it_is(tmp_path: Path) -> None:
    found = await report(
        tmp_path,
        told("get_events", "Warning ProgressDeadlineExceeded Deployment/cart"),
        told("get_deployments", '{"name": "cart", "desired": 3, "ready": 3}'),
    )

    assert [one.cause for one in found.findings] == ["healthy", "deployment"]


async def test_another_pods_trouble_in_a_list_weighs_little(tmp_path: Path) -> None:
    rows = "cart-0   1/1  Running  0  3d\nold-0   0/1  CrashLoopBackOff  900  9d\nother-1  0/1  ImagePullBackOff 0 2d"
    found = await report(tmp_path, told("list_pods", rows))

    assert all(one.weight < 0.5 for one in found.findings)


async def test_a_change_shortly_before_explains_and_others_are_ruled_out(tmp_path: Path) -> None:
    def row(minutes: float, service: str, what: str, environment: str = "production") -> tuple[str, ...]:
        at = (BEGAN + timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M")
        return (at, "deployment", service, environment, "v2", what, "ann", "", "")

    rows = (row(-5, "cart", "new basket"), row(10, "cart", "hot fix"), row(-9, "cart", "try", "staging"))
    text = "\n".join(" ".join(one) for one in rows)
    found = await report(tmp_path, told("changes", text, {}, Table(COLUMNS, rows)))
    [first] = [one for one in found.findings if one.kind == "change"]

    assert (first.cause, first.says) == ("deployment", "deployment of cart 5 min before it began: new basket")
    assert first.quote in text
    assert sorted(one.says[:14] for one in found.excluded) == ["Not “hot fix” ", "Not “try” (car"]


async def test_lines_that_the_logs_did_not_say_before_are_found(tmp_path: Path) -> None:
    before = [f"{(BEGAN - timedelta(minutes=9 + n)).isoformat()} INFO served" for n in range(40)]
    since = [f"{(BEGAN + timedelta(minutes=1, seconds=n)).isoformat()} ERROR cart is cursed" for n in range(9)]
    found = await report(tmp_path, told("fetch_logs", "\n".join([*before, *since])))

    assert any("did not say before, 9 times" in one.says for one in found.findings)


async def test_a_search_in_vain_is_told(tmp_path: Path) -> None:
    about = trouble("does pod cart-0 log 'Peer down'?")
    arguments = {"pod": "cart-0", "filter": "Peer down"}
    found = await report(tmp_path, told("fetch_logs", "No output.", arguments), about=about)

    assert [one.says for one in found.excluded] == ["No line with “Peer down” was found in the logs of cart-0."]


async def test_what_an_alert_claims_weighs_less_than_what_systems_show(tmp_path: Path) -> None:
    heard = Alert(
        source="am",
        fingerprint="f",
        status="firing",
        name="CartDown",
        severity="critical",
        started_at=NOW,
        summary="No space left on device",
        labels={"pod": "cart-0", "namespace": "default"},
    )
    shown = told("kubectl_describe", "Reason:  OOMKilled", POD)
    found = await report(tmp_path, shown, about=trouble(alert=heard))

    assert [one.kind for one in found.findings] == ["state", "alert"]


async def test_an_empty_purse_ends_it(tmp_path: Path) -> None:
    worked = desk(tmp_path, [told("kubectl_describe", "x", POD)], trouble(), ("cluster",), calls=0)
    found = await fault.examine(worked, around())

    assert (found.stopped, found.steps) == ("budget", ())


async def test_a_system_that_is_away_is_a_gap_in_words(tmp_path: Path) -> None:
    broken = Recording("kubectl_describe", POD, Result("the cluster does not answer", "q", failed=True))
    found = await report(tmp_path, broken)

    assert found.gaps == ("kubectl_describe could not be asked: the cluster does not answer",)


async def test_the_same_question_is_asked_once_and_the_purse_is_kept(tmp_path: Path) -> None:
    worked = desk(tmp_path, [told("kubectl_describe", "x", POD)], trouble(), ("cluster",), calls=3)
    await fault.examine(worked, around())

    assert worked.purse.calls >= 0
    assert len(worked.steps) == len({one.tool for one in worked.steps})


@pytest.mark.parametrize("text", ["", "nothing is wrong"])
async def test_without_tools_there_is_an_empty_report(tmp_path: Path, text: str) -> None:
    found = await report(tmp_path, about=trouble(text))

    assert (found.findings, found.evidence, found.stopped) == ((), (), "nothing new")


async def test_a_log_that_says_another_service_failed_speaks_of_that_one(tmp_path: Path) -> None:
    line = "ERROR POST /cart failed: cart-db/query answered 500: OSError: No space left on device"
    found = await report(tmp_path, told("search_logs", line))

    assert (found.findings[0].service, found.findings[0].cause) == ("cart-db", "resource")
    assert found.findings[0].says.startswith("cart-db ")
