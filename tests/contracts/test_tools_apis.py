"""What becomes of the failures of every API, and of the answers of Loki, Elasticsearch and Kubernetes."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import JsonValue

from connectors.configuration import BadSettings, Roots, validate
from connectors.load import vendor
from connectors.tools.port import BadArguments, Result, ToolUnavailable
from tests.contracts.recordings import Replay, cut_off, refused
from tests.contracts.tool_vendors import NOW, TOKEN, connected

POD = "checkout-6c8f7b9d5-q4x2z"
CHECKOUT = '{app="checkout"}'


@dataclass(frozen=True)
class Api:
    """One recording, how its vendor is set up, and a call that it answers."""

    vendor: str
    recording: str
    table: Mapping[str, Any]
    call: tuple[str, Mapping[str, JsonValue]]
    sent: str = f"Bearer {TOKEN}"

    def replay(self) -> Replay:
        return Replay.of(self.recording, NOW)

    async def ask(self, replay: Replay, **table: Any) -> Result:
        async with connected(self.vendor, replay, Path("home"), **{**self.table, **table}) as tools:
            return await tools.call(*self.call)


LOKI = Api("loki", "loki/logs", {"url": "http://loki:3100"}, ("loki_patterns", {"query": CHECKOUT}))
ELASTIC = Api(
    "elasticsearch",
    "elasticsearch/logs",
    {"url": "http://es:9200", "indices": ["logs-*"], "origin_field": "kubernetes.pod.name"},
    ("elasticsearch_patterns", {}),
)
KUBERNETES = Api(
    "kubernetes",
    "kubernetes/cluster",
    {"url": "https://cluster:6443"},
    ("kubernetes_get", {"kind": "pods", "namespace": "shop"}),
)
GITHUB = Api(
    "github", "github/changes", {"repositories": ["acme/checkout"]}, ("github_changes", {"kinds": ["release"]})
)
GITLAB = Api(
    "gitlab",
    "gitlab/changes",
    {"url": "https://gitlab.example.com", "projects": ["acme/shop/orders"]},
    ("gitlab_changes", {"kinds": ["merge"]}),
)
ARGOCD = Api("argocd", "argocd/applications", {"url": "https://argocd.example.com"}, ("argocd_applications", {}))
JIRA = Api(
    "jira",
    "jira/tickets",
    {"url": "https://acme.atlassian.net", "user": "bot@acme.example", "projects": ["OPS"]},
    ("jira_search", {"words": "checkout timeout"}),
    f"Basic {b64encode(f'bot@acme.example:{TOKEN}'.encode()).decode()}",
)
PAGERDUTY = Api("pagerduty", "pagerduty/incidents", {}, ("pagerduty_incidents", {}), f"Token token={TOKEN}")
APIS = (LOKI, ELASTIC, KUBERNETES, GITHUB, GITLAB, ARGOCD, JIRA, PAGERDUTY)


@pytest.fixture(params=APIS, ids=lambda api: api.vendor)
def api(request: pytest.FixtureRequest) -> Api:
    found: Api = request.param
    return found


async def test_the_credential_goes_along_and_no_further(api: Api) -> None:
    replay = api.replay()
    await api.ask(replay)

    assert {request.headers["authorization"] for request in replay.asked} == {api.sent}


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_credential_is_named_but_not_told(api: Api, status: int) -> None:
    replay = api.replay()
    replay.trouble("", refused(status, {"message": f"bad {TOKEN}"}))

    with pytest.raises(ToolUnavailable, match="credentials") as refusal:
        await api.ask(replay)
    assert not refusal.value.passing
    assert TOKEN not in str(refusal.value)


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(refused(503), id="overloaded"),
        pytest.param(refused(429), id="too-many"),
        pytest.param(cut_off(), id="cut-off"),
        pytest.param(httpx.ConnectError("no route to host"), id="no-network"),
    ],
)
async def test_what_may_pass_says_so(api: Api, trouble: Any) -> None:
    replay = api.replay()
    replay.trouble("", trouble)

    with pytest.raises(ToolUnavailable) as failure:
        await api.ask(replay)
    assert failure.value.passing


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param("<!DOCTYPE html><title>Log in</title>", "web page", id="login-page"),
        pytest.param('{"data": [', "damaged", id="cut-json"),
        pytest.param({"data": 1, "rows": 1, "hits": 1}, "damaged", id="other-shape"),
    ],
)
async def test_what_is_no_answer_is_named(api: Api, answer: Any, said: str) -> None:
    replay = api.replay()
    replay.trouble("", refused(200, answer))

    with pytest.raises(ToolUnavailable, match=said):
        await api.ask(replay)


async def test_it_is_not_sent_elsewhere(api: Api) -> None:
    replay = api.replay()
    replay.trouble("", refused(302, "", location="http://169.254.169.254/"))

    with pytest.raises(ToolUnavailable, match="elsewhere"):
        await api.ask(replay)
    assert len(replay.asked) == 1


async def test_an_answer_beyond_the_limit_is_not_read(api: Api) -> None:
    with pytest.raises(BadArguments, match="ask for less"):
        await api.ask(api.replay(), max_bytes=100)


@pytest.mark.parametrize("url", ["loki:3100", "ftp://loki", "http://ann:pw@loki"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadSettings, match="url"):
        validate(vendor("tools", "loki").Settings, {"url": url}, Roots(Path(), Path()), "loki")


async def loki(name: str, /, **arguments: JsonValue) -> Result:
    async with connected(
        "loki", LOKI.replay(), Path("home"), **LOKI.table, link="https://g/?q={query}&f={start}"
    ) as tools:
        return await tools.call(name, arguments)


async def elastic(name: str, /, **arguments: JsonValue) -> Result:
    async with connected("elasticsearch", ELASTIC.replay(), Path("home"), **ELASTIC.table) as tools:
        return await tools.call(name, arguments)


async def kubernetes(name: str, /, **arguments: JsonValue) -> Result:
    async with connected("kubernetes", KUBERNETES.replay(), Path("home"), **KUBERNETES.table) as tools:
        return await tools.call(name, arguments)


async def test_loki_tells_trouble_first_with_counts_and_a_sample() -> None:
    found = await loki("loki_patterns", query=CHECKOUT)

    lines = found.text.splitlines()
    assert lines[0] == "71 lines, 3 patterns:"
    assert lines[1].startswith('30 × level=error msg="payment call failed" order=<n> took=<n>ms')
    assert "order=1001 took=301ms" in found.text
    assert found.link.startswith("https://g/?q=%7Bapp%3D%22checkout%22%7D&f=1772438400000")


async def test_loki_lines_come_in_the_order_of_time_across_streams() -> None:
    newest = await loki("loki_lines", query=CHECKOUT, limit=3)
    oldest = await loki("loki_lines", query=CHECKOUT, limit=2, order="oldest")

    assert newest.truncated
    assert [row[2] for row in newest.table.rows if newest.table][:1] == ['level=info msg="order placed" order=2001']  # type: ignore[union-attr]  # there is one
    assert "order=1030" in oldest.text.splitlines()[1]


async def test_loki_counts_by_label_and_finds_the_break() -> None:
    found = await loki("loki_counts", query='{app="checkout"} |= "error"', by="pod")

    assert found.series[0].name == '{pod="checkout-7f9dd8b6c4-x7gr9"}'
    assert "changed at 08:30: mean 1 before, 9 after" in found.text


async def test_loki_labels_and_values() -> None:
    assert (await loki("loki_labels")).text == "3 labels: app, namespace, pod"
    values = await loki("loki_labels", label="app", selector='{namespace="shop"}')
    assert values.text == "2 values of app: cart, checkout"
    assert (await loki("loki_labels", label="nothing")).text == "No values of nothing."


async def test_loki_refuses_with_its_own_words() -> None:
    with pytest.raises(BadArguments, match="unexpected }"):
        await loki("loki_patterns", query="{app=}")
    with pytest.raises(BadArguments, match="counts instead of finding lines"):
        await loki("loki_patterns", query='rate({app="checkout"}[5m])')


async def test_elasticsearch_tells_patterns_also_of_entries_without_a_message() -> None:
    found = await elastic("elasticsearch_patterns")

    assert found.text.splitlines()[1].startswith("20 × upstream timed out after <n> ms")
    assert '"code": 7' in found.text
    assert not found.truncated


async def test_elasticsearch_entries_say_where_from_and_how_many() -> None:
    found = await elastic("elasticsearch_entries", query="service.name:checkout", limit=3)

    assert found.text.splitlines()[0] == "3 of 30 entries, newest first:"
    assert "checkout-7f9dd8b6c4-x7gr9 upstream timed out" in found.text
    assert found.truncated


async def test_elasticsearch_counts_by_field() -> None:
    found = await elastic("elasticsearch_counts", query="level:error", by="service.name")

    assert found.series[0].name == "service.name=checkout"
    assert "mean 1 before, 19 after" in found.text
    assert (await elastic("elasticsearch_counts", query="level:error")).series[0].name == "entries"


async def test_elasticsearch_fields_that_can_be_counted_by() -> None:
    found = await elastic("elasticsearch_fields")

    assert found.text.splitlines() == [
        "3 fields:",
        "= @timestamp (date)",
        "  message (text)",
        "= service.name (keyword)",
    ]


async def test_elasticsearch_refuses_with_its_own_words() -> None:
    with pytest.raises(BadArguments, match="Failed to parse query"):
        await elastic("elasticsearch_patterns", query="level:(")


@pytest.mark.parametrize("index", ["secrets-1", "*", "*-2026", ".security"])
async def test_only_named_indices_are_searched(index: str) -> None:
    with pytest.raises(BadArguments, match="index"):
        await elastic("elasticsearch_patterns", index=index)


async def test_kubernetes_lists_what_kubectl_shows() -> None:
    found = await kubernetes("kubernetes_get", kind="po", namespace="shop", contains="crashloop")

    header, row = found.text.splitlines()
    assert header.split()[:4] == ["NAME", "READY", "STATUS", "RESTARTS"]
    assert row.startswith(f"{POD}  0/1")
    assert found.query == "kubectl get pods -n shop"


async def test_kubernetes_says_when_there_is_more() -> None:
    found = await kubernetes("kubernetes_get", kind="pods")

    assert found.truncated
    assert found.text.splitlines()[0].startswith("NAMESPACE  NAME")


@pytest.mark.parametrize("kind", ["secret", "secrets", "Secrets", "externalsecrets", "serviceaccounts", "tokenreviews"])
@pytest.mark.parametrize("name", ["kubernetes_get", "kubernetes_describe"])
async def test_kubernetes_never_asks_for_secrets(name: str, kind: str) -> None:
    with pytest.raises(BadArguments):
        await kubernetes(name, kind=kind, namespace="shop", name="tokens")


@pytest.mark.parametrize("escape", ["../secrets/x", "a/b", "x?watch=1", "%2e%2e"])
async def test_a_name_is_no_path(escape: str) -> None:
    for arguments in ({"name": escape, "namespace": "shop"}, {"name": "x", "namespace": escape}):
        with pytest.raises(BadArguments, match="pattern"):
            await kubernetes("kubernetes_describe", kind="pod", **arguments)


async def test_a_description_has_status_and_events_and_no_secret() -> None:
    found = await kubernetes("kubernetes_describe", kind="pod", name=POD, namespace="shop")

    assert "swordfish" not in found.text
    assert "reason: OOMKilled" in found.text
    assert "value: db-2" in found.text
    assert "managedFields" not in found.text
    assert "2026-03-02T08:58:00 Warning BackOff ×60: Back-off restarting failed container" in found.text


async def test_warnings_come_first() -> None:
    found = await kubernetes("kubernetes_events", namespace="shop")

    assert [line.split()[2] for line in found.text.splitlines()[1:]] == ["Unhealthy", "BackOff", "Pulled"]
    assert "Readiness probe failed: timeout" in found.text


async def test_logs_are_told_as_patterns_then_lines_of_all_containers() -> None:
    found = await kubernetes("kubernetes_logs", namespace="shop", pod=POD, tail=2)

    assert "9 × ERROR out of memory while reading order <n>" in found.text
    assert found.text.splitlines()[-2:] == [
        f"2026-03-02 08:58 {POD}/checkout ERROR out of memory while reading order 108",
        f"2026-03-02 08:59:30 {POD}/checkout INFO shutting down",
    ]


async def test_a_container_without_an_earlier_run_is_told() -> None:
    found = await kubernetes("kubernetes_logs", namespace="shop", labels="app=checkout", previous=True)

    assert 'previous terminated container "migrate"' in found.text
    assert "9 × ERROR out of memory" in found.text


async def test_logs_of_one_container_since_then() -> None:
    arguments: dict[str, JsonValue] = {"pod": POD, "container": "checkout", "since": "10m", "contains": "shutting"}
    found = await kubernetes("kubernetes_logs", namespace="shop", **arguments)

    assert found.text.splitlines()[0] == "1 lines, 1 patterns:"


@pytest.mark.parametrize("arguments", [{}, {"pod": POD, "labels": "app=checkout"}], ids=["neither", "both"])
async def test_logs_want_a_pod_or_labels(arguments: dict[str, JsonValue]) -> None:
    with pytest.raises(BadArguments, match="either pod or labels"):
        await kubernetes("kubernetes_logs", namespace="shop", **arguments)


async def test_a_rollout_says_what_each_revision_changed() -> None:
    found = await kubernetes("kubernetes_rollout", name="checkout", namespace="shop")

    assert "1 of 3 ready; Available MinimumReplicasUnavailable" in found.text
    assert "2 revisions, the newest first" in found.text
    assert "revision 2, 2026-03-02T08:09:00Z, 1 pods, cause: release v42" in found.text
    assert "containers[checkout].image: shop/checkout:v41 → shop/checkout:v42" in found.text
    assert "resources.limits.memory: 256Mi → 128Mi" in found.text
    assert "swordfish" not in found.text


async def test_usage_stands_beside_requests_and_limits() -> None:
    found = await kubernetes("kubernetes_top", namespace="shop", labels="app=checkout")

    assert found.text.splitlines()[1].split() == ["shop", POD, "87", "124", "100m/128Mi", "-/128Mi"]


async def test_a_cluster_that_does_not_measure_says_so() -> None:
    found = await kubernetes("kubernetes_top", kind="nodes")

    assert found.failed
    assert "no metrics server" in found.text


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        pytest.param("kubernetes_get", {"kind": "pods"}, id="all-namespaces"),
        pytest.param("kubernetes_get", {"kind": "pods", "namespace": "billing"}, id="another"),
        pytest.param("kubernetes_get", {"kind": "nodes"}, id="without-a-namespace"),
        pytest.param("kubernetes_logs", {"pod": "x", "namespace": "billing"}, id="logs"),
        pytest.param("kubernetes_events", {"namespace": "billing"}, id="events"),
        pytest.param("kubernetes_top", {"kind": "nodes"}, id="nodes-in-use"),
    ],
)
async def test_other_namespaces_are_not_read(name: str, arguments: dict[str, JsonValue]) -> None:
    replay = KUBERNETES.replay()
    async with connected("kubernetes", replay, Path("home"), **KUBERNETES.table, namespaces=["shop"]) as tools:
        with pytest.raises(BadArguments, match=r"may (?:not )?be read"):
            await tools.call(name, arguments)
    assert replay.asked == []


def test_a_kind_of_secrets_cannot_be_added() -> None:
    table = {"url": "https://x", "kinds": {"externalsecrets": "/apis/external-secrets.io/v1"}}
    with pytest.raises(BadSettings, match="never read"):
        validate(vendor("tools", "kubernetes").Settings, table, Roots(Path(), Path()), "kubernetes")
