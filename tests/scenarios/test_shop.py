"""The demo shop as real processes: each fault raises its alert by itself, healing ends it, and nothing is left over."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from deploy.demo.shop.__main__ import main
from deploy.demo.shop.faults import FAULTS, everyday, heal, inject
from deploy.demo.shop.monitoring import MISSING, Monitoring, installed, watching
from deploy.demo.shop.release import Release
from deploy.demo.shop.shop import Said, Shop, open_shop

pytestmark = pytest.mark.nights

RAISES = {
    "bad-deploy": ("CheckoutErrorRateHigh", "checkout"),
    "memory-leak": ("MemoryGrowing", "storefront"),
    "slow-dependency": ("CheckoutHighLatency", "checkout"),
    "full-disk": ("VolumeFilling", "orders"),
    "exhausted-pool": ("CheckoutHighLatency", "checkout"),
}
ALERT_WITHIN_SECONDS = 25.0


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as opened:
        yield opened


@pytest.fixture(scope="module")
def watched(shop: Shop) -> Iterator[Monitoring]:
    if not installed():
        pytest.skip(MISSING)
    with watching(shop) as both:
        yield both


def out(watched: Monitoring) -> set[tuple[str, str]]:
    found = httpx.get(f"{watched.alertmanager}/api/v2/alerts", params={"active": "true"}).json()
    return {(one["labels"]["alertname"], one["labels"]["service"]) for one in found}


def until(true: Callable[[], bool], seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while not true() and time.monotonic() < ends:
        time.sleep(0.1)
    return true()


def test_a_usual_day_raises_no_alert(shop: Shop, watched: Monitoring) -> None:
    everyday(shop)

    assert not until(lambda: bool(out(watched)), 8)
    assert shop.releases.current("storefront").config == {"page_kilobytes": 1600}


@pytest.mark.long
@pytest.mark.parametrize("name", RAISES)
def test_a_fault_raises_its_alert(shop: Shop, watched: Monitoring, name: str) -> None:
    assert until(lambda: RAISES[name] not in out(watched), 30)

    inject(shop, name)
    try:
        assert until(lambda: RAISES[name] in out(watched), ALERT_WITHIN_SECONDS)
    finally:
        heal(shop, name)


def test_every_fault_is_tried() -> None:
    assert set(RAISES) == set(FAULTS)


def test_a_process_that_dies_is_started_again(shop: Shop) -> None:
    before = shop.state()["checkout"]["pid"]
    assert isinstance(before, int)

    os.kill(before, 9)

    assert until(lambda: shop.state()["checkout"]["pid"] != before, 10)
    assert 'service_restarts_total{service="checkout"} 1.0' in metrics_of(shop, "supervisor")


def metrics_of(shop: Shop, name: str) -> str:
    return httpx.get(f"http://127.0.0.1:{shop.ports[name]}/metrics").text


def test_it_is_changed_from_the_command_line(shop: Shop) -> None:
    def run(*words: str) -> int:
        return main(["--folder", str(shop.folder), *words])

    assert run("configure", "payments", "pool_size=30") == 0
    assert "db_pool_max_connections 30.0" in metrics_of(shop, "payments")
    assert run("rollback", "payments") == 0
    assert "db_pool_max_connections 10.0" in metrics_of(shop, "payments")
    assert run("rollback", "checkout") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("configure", "payments", "pool_size=30"), "would deploy payments 6.2.3 again, with pool_size=30\n"),
        (("restart", "payments"), "would replace the process of payments 6.2.3\n"),
        (("clean", "orders"), "would delete 0 exports of orders, 0 bytes\n"),
    ],
)
def test_a_dry_run_changes_nothing(
    shop: Shop, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    before = shop.state()

    assert main(["--folder", str(shop.folder), "--dry-run", *words]) == 0

    assert capsys.readouterr().out == said
    assert shop.state() == before


def test_it_is_rolled_back_to_the_release_that_is_meant(shop: Shop) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(shop.program), *words], capture_output=True, text=True, timeout=30, check=False)

    shop.deploy("checkout", Release("4.18.3"), Said("Say hello"))

    assert run("rollback", "checkout", "--to", "4.18.1").stderr == "before, 4.18.2 of checkout ran, and not 4.18.1\n"
    assert "4.18.2 in the place of 4.18.3" in run("--dry-run", "rollback", "checkout", "--to", "4.18.2").stdout
    assert shop.state()["checkout"]["version"] == "4.18.3"
    assert run("--by", "nightshift", "rollback", "checkout", "--to", "4.18.2").returncode == 0
    assert shop.state()["checkout"]["version"] == "4.18.2"


def test_captures_that_are_deferred_wait_for_nobody(shop: Shop) -> None:
    shop.job("northbank", "latency", seconds=2.0)
    shop.configure("payments", Said("Defer captures"), deferred_capture=1)
    began = time.monotonic()

    httpx.post(f"http://127.0.0.1:{shop.ports['payments']}/pay", json={"amount": 19}).raise_for_status()

    assert time.monotonic() - began < 1.5
    assert until(lambda: "payments_captures_deferred 0.0" not in metrics_of(shop, "payments"), 2)
    shop.rollback("payments")
    heal(shop, "slow-dependency")


def test_a_deployment_loses_no_request(shop: Shop) -> None:
    before = metrics_of(shop, "supervisor")
    answers = []
    for _ in range(3):
        shop.restart("inventory")
        answers += [httpx.post(f"http://127.0.0.1:{shop.ports['inventory']}/stock", json={}).status_code]

    assert answers == [200] * 3
    assert metrics_of(shop, "supervisor") == before


def test_where_no_shop_runs_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--folder", str(tmp_path), "state"]) == 1
    assert capsys.readouterr().err == f"No shop runs in {tmp_path}.\n"


def test_all_processes_end_with_the_shop(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        running = [one["pid"] for one in shop.state().values()]

    assert running
    assert not [pid for pid in running if Path(f"/proc/{pid}").exists()]
