"""What a metric measures, by its name."""

import pytest

from bot.rules.metric_names import Role, measured


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("process_cpu_seconds_total", "load"),
        ("checkout_request_duration_seconds", "latency"),
        ("db_pool_wait_seconds", "latency"),
        ("volume_free_bytes", "free"),
        ("process_resident_memory_bytes", "used"),
        ("checkout_requests_total", "traffic"),
        ("db_pool_timeouts_total", "errors"),
        ("process_start_time_seconds", "start"),
    ],
)
def test_what_a_name_says(name: str, role: Role) -> None:
    assert measured(name.removesuffix("_total")).role == role
