"""What metrics measure is read out of their names, as Prometheus' exporters and clouds write them."""

import pytest

from bot.rules.metric_names import limit_of, measured, named, words


@pytest.mark.parametrize(
    ("name", "role", "unit"),
    [
        ("http_request_duration_seconds", "latency", "s"),
        ("db_pool_wait_seconds", "latency", "s"),
        ("ReadLatency", "latency", ""),
        ("http_requests_total", "traffic", ""),
        ("http_request_errors_total", "errors", ""),
        ("db_pool_timeouts_total", "errors", ""),
        ("cache_hit_ratio", "success", ""),
        ("db_pool_in_use_connections", "used", ""),
        ("db_pool_max_connections", "limit", ""),
        ("MaximumUsedTransactionIDs", "used", ""),
        ("process_resident_memory_bytes", "used", "B"),
        ("process_cpu_seconds", "used", "s"),
        ("volume_free_bytes", "free", "B"),
        ("FreeableMemory", "free", ""),
        ("node_filesystem_size_bytes", "limit", "B"),
        ("CPUUtilization", "share", ""),
        ("ReplicaLag", "backlog", ""),
        ("kafka_consumer_lag", "backlog", ""),
        ("WriteIOPS", "load", ""),
        ("up", "up", ""),
        ("process_start_time_seconds", "start", "s"),
        ("kube_pod_container_status_restarts_total", "restarts", ""),
        ("build_info", "other", ""),
    ],
)
def test_roles(name: str, role: str, unit: str) -> None:
    found = measured(name)

    assert (found.role, found.unit) == (role, unit)


@pytest.mark.parametrize(
    ("about", "unit"), [("Average, Milliseconds", "ms"), ("Maximum, Seconds", "s"), ("Average, Percent", "%")]
)
def test_a_cloud_says_the_unit_beside_the_name(about: str, unit: str) -> None:
    assert measured("WriteLatency", about).unit == unit


def test_a_rate_of_bytes_keeps_its_span() -> None:
    assert measured("NetworkReceiveThroughput", "Average, Bytes/Second").unit == "B/s"


@pytest.mark.parametrize(
    ("used", "limit", "fits"),
    [
        ("db_pool_in_use_connections", "db_pool_max_connections", True),
        ("process_open_fds", "process_max_fds", True),
        ("db_pool_in_use_connections", "http_max_connections", False),
        ("db_pool_max_connections", "db_pool_max_connections", False),
    ],
)
def test_limits(used: str, limit: str, fits: object) -> None:
    assert limit_of(used, limit) is fits


def test_the_parts_of_a_name() -> None:
    found = named('latency_seconds{service="checkout", code="200"}')

    assert (found.metric, found.labels) == ("latency_seconds", {"service": "checkout", "code": "200"})
    assert named("CPUUtilization (Average, Percent){DB=x}").about == "Average, Percent"
    assert named("{} a } b").metric == "{} a } b"


def test_words_of_camels_and_snakes() -> None:
    assert words("RDSReplicaLag_5xx") == ("rds", "replica", "lag", "5", "xx")
