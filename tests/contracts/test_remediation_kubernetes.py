"""A cluster's own remedies, on a small API server that patches, scales and deletes as the real one does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import JsonValue

from connectors.remediation.port import BadSpec, Rehearsal, RemediationUnavailable, Result, Uncertain
from tests.contracts.fake_cluster import BARE, CHECKOUT, LEDGER, NEW, NODE, OLD, POD, SHOP, FakeCluster
from tests.contracts.loopback import Server, listening
from tests.contracts.remedy_stages import NOON, action, approved, opened

CLUSTER = Path("home")


class Stand:
    """The cluster, the server before it, and an executor that may change the shop."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.cluster = FakeCluster()
        server.answer = self.cluster.answer
        self.table: dict[str, Any] = {
            "url": server.url, "token": "operator", "namespaces": ["shop"], "nodes": True, "timeout_seconds": 2
        }  # fmt: skip

    async def ran(self, operation: str, name: str = "checkout", key: str = "k1", **spec: JsonValue) -> Result:
        async with opened("kubernetes", CLUSTER, **self.table) as executor:
            run = executor.fill(self.spec(operation, name, **spec), {})
            result: Result = await executor.execute(approved(action("kubernetes", run), key), NOON)
            return result

    async def rehearsed(self, operation: str, name: str = "checkout", **spec: JsonValue) -> Rehearsal:
        async with opened("kubernetes", CLUSTER, **self.table) as executor:
            run = executor.fill(self.spec(operation, name, **spec), {})
            rehearsal: Rehearsal = await executor.rehearse(action("kubernetes", run, run), NOON)
            return rehearsal

    def spec(self, operation: str, name: str, **spec: JsonValue) -> dict[str, JsonValue]:
        where: dict[str, JsonValue] = {} if "cordon" in operation else {"namespace": "shop"}
        return {"operation": operation, "name": name, **where, **spec}

    def image(self, path: str = CHECKOUT) -> str:
        found: str = self.cluster.objects[path]["spec"]["template"]["spec"]["containers"][0]["image"]
        return found

    def writes(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.server.asked if asked.method != "GET"]


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with listening() as server:
        yield Stand(server)


OPERATIONS: list[tuple[str, str, dict[str, JsonValue]]] = [
    ("restart", "checkout", {}),
    ("undo", "checkout", {}),
    ("undo", "ledger", {"kind": "statefulset"}),
    ("scale", "checkout", {"replicas": 5, "max": 5}),
    ("cordon", "node-1", {}),
    ("uncordon", "node-1", {}),
    ("delete_pod", "checkout-1", {}),
]


@pytest.mark.parametrize(("operation", "name", "spec"), OPERATIONS, ids=[f"{o}-{n}" for o, n, _ in OPERATIONS])
async def test_a_dry_run_of_anything_keeps_nothing(stand: Stand, operation: str, name: str, spec: Any) -> None:
    rehearsal = await stand.rehearsed(operation, name, **spec)

    assert rehearsal.ok
    assert name in rehearsal.text
    assert stand.cluster == FakeCluster()
    assert [write.endswith("dryRun=All") for write in stand.writes()] == [True]


async def test_a_restart_is_one_however_often_it_is_sent(stand: Stand) -> None:
    await stand.ran("restart")
    once = stand.cluster.objects[CHECKOUT]["spec"]["template"]
    result = await stand.ran("restart")

    assert result.text == "restarts deployment shop/checkout"
    assert once["metadata"]["annotations"] == {"kubectl.kubernetes.io/restartedAt": "2026-03-02T12:00:00Z"}
    assert stand.cluster.objects[CHECKOUT]["spec"]["template"] == once
    assert stand.image() == NEW


async def test_an_undo_puts_the_revision_before_the_newest_back(stand: Stand) -> None:
    result = await stand.ran("undo")

    assert result.text == "rolls deployment shop/checkout back from revision 42 to 41"
    assert stand.image() == OLD
    assert stand.cluster.objects[CHECKOUT]["spec"]["template"]["metadata"]["labels"] == {"app": "checkout"}


async def test_an_undo_of_a_stateful_set(stand: Stand) -> None:
    await stand.ran("undo", "ledger", kind="statefulset")

    assert stand.image(LEDGER) == OLD
    assert "$patch" not in stand.cluster.objects[LEDGER]["spec"]["template"]
    assert stand.cluster.objects[LEDGER]["metadata"]["annotations"] == {"a": "b", "nightshift/approval": "k1"}


async def test_an_undo_is_not_taken_back_by_its_own_repetition(stand: Stand) -> None:
    await stand.ran("undo")
    again = await stand.ran("undo")

    assert (again.status, again.text) == ("done", "deployment shop/checkout was rolled back by this already")
    assert len(stand.writes()) == 1


async def test_an_undo_without_an_earlier_revision_fails(stand: Stand) -> None:
    stand.cluster.lists[f"{SHOP}/replicasets"].pop()

    assert (await stand.ran("undo")).text == "deployment shop/checkout has no earlier revision; nothing was changed."


async def test_an_undo_of_what_has_changed_meanwhile_fails(stand: Stand) -> None:
    real = stand.cluster.answer

    def moved(asked: Any) -> Any:
        if asked.method == "PATCH":
            stand.cluster.objects[CHECKOUT]["metadata"]["generation"] += 1
        return real(asked)

    stand.server.answer = moved
    assert (await stand.ran("undo")).status == "failed"
    assert stand.image() == NEW


@pytest.mark.parametrize("operation", ["restart", "undo"])
async def test_what_is_paused_is_left_alone(stand: Stand, operation: str) -> None:
    stand.cluster.objects[CHECKOUT]["spec"]["paused"] = True

    assert "is paused" in (await stand.ran(operation)).text
    assert stand.writes() == []


async def test_scaling_says_from_where_to_where(stand: Stand) -> None:
    result = await stand.ran("scale", replicas=5, max=5)

    assert result.text == "scales deployment shop/checkout from 3 to 5 replicas"
    assert stand.cluster.objects[CHECKOUT]["spec"]["replicas"] == 5
    assert stand.writes() == [f"PATCH {CHECKOUT}/scale?fieldManager=nightshift"]


async def test_cordoning_and_its_opposite(stand: Stand) -> None:
    await stand.ran("cordon", "node-1")
    assert stand.cluster.objects[NODE]["spec"]["unschedulable"] is True

    await stand.ran("uncordon", "node-1")
    assert stand.cluster.objects[NODE]["spec"]["unschedulable"] is False


async def test_deleting_a_pod(stand: Stand) -> None:
    assert (await stand.ran("delete_pod", "checkout-1")).status == "done"
    assert POD not in stand.cluster.objects


async def test_a_pod_that_nothing_would_start_anew_stays(stand: Stand) -> None:
    assert "has no controller" in (await stand.ran("delete_pod", "bare")).text
    assert BARE in stand.cluster.objects


async def test_a_pod_that_is_younger_than_the_approval_stays(stand: Stand) -> None:
    born = NOON + timedelta(seconds=1)
    stand.cluster.objects[POD]["metadata"]["creationTimestamp"] = f"{born:%Y-%m-%dT%H:%M:%SZ}"

    assert "younger than the approval" in (await stand.ran("delete_pod", "checkout-1")).text
    assert POD in stand.cluster.objects


async def test_what_is_not_there_fails(stand: Stand) -> None:
    assert (await stand.ran("restart", "gone")).text == f"There is no {SHOP}/deployments/gone in the cluster; nothing was changed."  # fmt: skip  # noqa: E501  # one sentence


@pytest.mark.parametrize(("status", "error"), [(401, RemediationUnavailable), (403, RemediationUnavailable), (429, RemediationUnavailable), (500, Uncertain), (503, Uncertain)])  # fmt: skip  # noqa: E501  # a table
async def test_what_a_status_means(stand: Stand, status: int, error: type[Exception]) -> None:
    stand.cluster.refusing = status

    with pytest.raises(error, match=f"Kubernetes answers {status}: not today"):
        await stand.ran("restart")


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_a_refusal_is_a_failure(stand: Stand, status: int) -> None:
    stand.cluster.refusing = status

    assert (await stand.ran("restart")).status == "failed"


async def test_a_lost_answer_is_a_doubt_and_its_repetition_is_safe(stand: Stand) -> None:
    stand.cluster.silent = True
    with pytest.raises(Uncertain):
        await stand.ran("undo")
    stand.cluster.silent = False

    assert (await stand.ran("undo")).status == "done"
    assert stand.image() == OLD


async def test_a_cluster_that_does_not_answer_before_the_change_has_not_changed() -> None:
    async with opened("kubernetes", CLUSTER, url="http://127.0.0.1:9", token="t", namespaces=["*"]) as executor:
        run = executor.fill({"operation": "restart", "namespace": "shop", "name": "checkout"}, {})
        with pytest.raises(RemediationUnavailable, match="nothing was sent"):
            await executor.execute(approved(action("kubernetes", run)), NOON)


@pytest.mark.parametrize(
    ("table", "spec", "said"),
    [
        pytest.param({}, {}, "namespace: 'shop' may not be changed; allowed are: none", id="namespace"),
        pytest.param({"nodes": False}, {"operation": "cordon", "namespace": ""}, "nodes may not be changed", id="node"),
        pytest.param(
            {"namespaces": ["shop"], "max_replicas": 4},
            {"operation": "scale", "replicas": 3, "max": 5},
            "max: at most 4",
            id="replicas",
        ),
    ],
)
async def test_settings_have_the_last_word(table: dict[str, Any], spec: dict[str, Any], said: str) -> None:
    run = {"operation": "restart", "namespace": "shop", "name": "checkout", **spec}
    async with opened("kubernetes", CLUSTER, url="http://127.0.0.1:9", **table) as executor:
        with pytest.raises(BadSpec, match=said):
            executor.check(run, [])
        with pytest.raises(BadSpec, match=said):
            executor.fill(run, {})
        with pytest.raises(RemediationUnavailable, match=said):
            await executor.execute(approved(action("kubernetes", run)), NOON)


async def test_the_account_of_the_pod_is_never_used() -> None:
    with pytest.raises(RemediationUnavailable, match=r"set connectors.remediation.kubernetes.kubeconfig, or url"):
        async with opened("kubernetes", CLUSTER):
            pass


async def test_a_token_that_is_none_sends_nothing(stand: Stand) -> None:
    stand.table["token"] = "…"

    with pytest.raises(RemediationUnavailable, match="other signs than ASCII"):
        await stand.ran("restart")


def kubeconfig(folder: Path, server: str, **user: str) -> Path:
    config = {
        "current-context": "prod",
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user}],
    }
    (folder / "config").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder / "config"


async def test_a_kubeconfig_and_its_token_file(stand: Stand, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("operator\n", encoding="utf-8")
    file = kubeconfig(tmp_path, stand.server.url, tokenFile="token")
    stand.table = {"kubeconfig": str(file), "namespaces": ["shop"]}

    assert (await stand.ran("restart")).status == "done"


@pytest.mark.parametrize(
    ("context", "user", "said"),
    [("test", {"token": "t"}, "has no context 'test'"), ("", {"exec": "aws"}, "signs in through another program")],
)
async def test_a_kubeconfig_that_leads_nowhere(tmp_path: Path, context: str, user: dict[str, str], said: str) -> None:
    file = kubeconfig(tmp_path, "http://127.0.0.1:9", **user)

    with pytest.raises(RemediationUnavailable, match=said):
        async with opened("kubernetes", tmp_path, kubeconfig=str(file), context=context):
            pass
