"""Signatures of faults: what systems say, and the sort of cause that it speaks for."""

import re
import time

import pytest

from bot.rules.signatures import Signature, signs


def first(text: str) -> tuple[str, str]:
    [found, *_] = signs(text)
    return found.signature.id, found.signature.cause


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("      Reason:       OOMKilled", ("oom-killed", "resource"), id="killed-for-memory"),
        pytest.param('"exit_code": 137,', ("oom-killed", "resource"), id="exit-code-in-json"),
        pytest.param("java.lang.OutOfMemoryError: heap", ("heap-exhausted", "resource"), id="heap"),
        pytest.param("  DiskPressure   True   Mon", ("node-pressure", "resource"), id="pressure"),
        pytest.param("The node was low on resource: memory.", ("evicted", "resource"), id="evicted"),
        pytest.param("write /data/x: no space left on device".title(), None, id="case-matters-in-some"),
        pytest.param("write /data/x: No space left on device", ("disk-full", "resource"), id="disk-full"),
        pytest.param("accept4: Too many open files", ("too-many-files", "resource"), id="files"),
        pytest.param("FATAL: sorry, too many clients already", ("pool-exhausted", "resource"), id="too-many-clients"),
        pytest.param("exceeded quota: team-a, requested: cpu=2", ("quota", "resource"), id="quota"),
        pytest.param("0/3 nodes are available: 3 Insufficient cpu.", ("insufficient", "resource"), id="no-cpu-left"),
        pytest.param('Failed to pull image "shop/cart:v9": not found', ("image-pull", "configuration"), id="image"),
        pytest.param('configmap "cart-settings" not found', ("missing-object", "configuration"), id="config-map"),
        pytest.param("Environment variable API_URL is not set", ("missing-variable", "configuration"), id="variable"),
        pytest.param("didn't match Pod's node affinity/selector.", ("node-selector", "scheduling"), id="label"),
        pytest.param('storageclass.storage.k8s.io "fast" not found', ("storage-class", "configuration"), id="storage"),
        pytest.param("has unbound immediate PersistentVolumeClaims", ("claim-unbound", "configuration"), id="claim"),
        pytest.param("Liveness probe failed: HTTP 500", ("probe-killing", "configuration"), id="liveness"),
        pytest.param("Readiness probe failed: HTTP 500", ("probe-failing", "code"), id="readiness"),
        pytest.param("worker-2   NotReady   <none>   3d", ("node-not-ready", "infrastructure"), id="node"),
        pytest.param("lookup db.shop.svc on 10.0.0.10:53: no such host", ("dns", "configuration"), id="name"),
        pytest.param("x509: certificate has expired", ("certificate", "certificate"), id="certificate"),
        pytest.param("dial tcp 10.1.2.3:5432: connect: refused", ("unreachable", "dependency"), id="refused"),
        pytest.param("Redis connection timed out after 5s", ("timeouts", "dependency"), id="timeout"),
        pytest.param("password authentication failed for user", ("denied", "configuration"), id="password"),
        pytest.param("429 Too Many Requests", ("rate-limited", "dependency"), id="rate-limit"),
        pytest.param("ERROR: deadlock detected", ("deadlock", "data"), id="deadlock"),
        pytest.param('syntax error at or near "FORM"', ("sql-syntax", "code"), id="sql"),
        pytest.param("duplicate key value violates unique constraint", ("constraint", "data"), id="constraint"),
        pytest.param("Network partition detected between a and b", ("partition", "network"), id="partition"),
        pytest.param("Multi-AZ failover completed", ("failover", "infrastructure"), id="failover"),
        pytest.param("panic: runtime error: index out of range", ("exception", "code"), id="panic"),
        pytest.param('"desired": 3,\n      "ready": 3,', ("all-ready", "healthy"), id="all-replicas"),
        pytest.param("shop  cart  3/3  3  3  12d", ("all-ready", "healthy"), id="a-row-of-a-deployment"),
        pytest.param("数据库连接池已耗尽", ("pool-exhausted", "resource"), id="chinese-pool"),
        pytest.param("磁盘空间不足", ("disk-full", "resource"), id="chinese-disk"),
    ],
)
def test_the_words_of_systems_speak_for_a_sort_of_cause(text: str, expected: tuple[str, str] | None) -> None:
    assert [first(text)] == [expected] if expected else signs(text) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("No OOMKilled containers were found", id="negated"),
        pytest.param("checkout was restarted without OOMKilled", id="without"),
        pytest.param("没有 OOMKilled", id="negated-in-chinese"),
        pytest.param("Tolerations: node.kubernetes.io/memory-pressure:NoSchedule", id="a-toleration-is-no-pressure"),
        pytest.param("  MemoryPressure   False   Mon", id="no-pressure"),
        pytest.param('"desired": 3,\n "ready": 2,', id="not-all-ready"),
        pytest.param("Restart Count:  0", id="no-restarts"),
        pytest.param("cart  2/3  3  2  12d", id="a-replica-is-missing"),
        pytest.param('"partitions": []', id="no-partitions"),
        pytest.param("request took 12ms", id="fast"),
        pytest.param("timeout=30", id="a-setting"),
        pytest.param("", id="empty"),
    ],
)
def test_what_only_looks_like_a_fault_is_none(text: str) -> None:
    assert signs(text) == []


def test_a_line_that_says_it_is_past_is_marked() -> None:
    [past, *_] = signs("ProgressDeadlineExceeded (the deployment has since auto-rolled back)")

    assert past.over


def test_a_sign_quotes_its_line_and_names_what_the_line_names() -> None:
    [found] = signs("starting\n  12:01 dial tcp db-1:5432: i/o timeout  \nbye")

    assert (found.quote, found.details) == ("12:01 dial tcp db-1:5432: i/o timeout", {"detail": "db-1:5432"})


@pytest.mark.parametrize(
    "phrase",
    [
        "connection refused ",
        "lookup a.b ",
        "network partition ",
        "read ",
        "took 1 ",
        '"desired": 3, ',
        "no oomkilled ",
        "0 ",
    ],
)
def test_a_line_without_end_costs_no_more_than_a_long_text(phrase: str) -> None:
    began = time.process_time()
    signs(phrase * (400_000 // len(phrase)))

    assert time.process_time() - began < 5


def test_lines_with_the_same_details_are_one_sign_with_a_count() -> None:
    [found] = signs("ECONNREFUSED db:1\nECONNREFUSED db:1\n")

    assert found.count == 2


def test_every_signature_speaks_both_languages_with_the_groups_that_its_pattern_has() -> None:
    from bot.rules.signatures import _signatures

    for signature, pattern in _signatures():
        named_groups = {re.sub(r"\d+$", "", name) for name in pattern.groupindex}
        wanted = {name for words in (signature.en, signature.zh) for name in re.findall(r"{(\w+)}", words)} - {"what"}
        assert wanted <= named_groups, signature.id
        assert re.search("[\u3400-\u9fff]", signature.zh), signature.id


def test_what_a_line_does_not_name_is_told_in_general_words() -> None:
    [found] = signs("Reason: ErrImagePull")

    assert found.signature.says("cart", found.details, "en") == "cart does not start: its image cannot be pulled."


def test_a_sentence_names_the_object_in_the_readers_language() -> None:
    [found] = signs("Environment variable API_URL is not set")
    signature: Signature = found.signature

    assert signature.says("cart", found.details, "en") == "cart lacks the setting API_URL."
    assert signature.says("cart", found.details, "zh") == "cart 缺少配置项 API_URL。"
