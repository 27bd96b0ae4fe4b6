"""Parts of the demo shop: pools that run dry, volumes that run full, releases that come and go, builds with faults."""

import errno
import json
import logging
import threading
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from deploy.demo.shop.release import Release, Releases
from deploy.demo.shop.services import Volume
from deploy.demo.shop.serving import Place, Service, build
from deploy.demo.shop.telemetry import Failure, Pool


def service(folder: Path, name: str, version: str, **config: float) -> Service:
    return build(Place(name, folder, {name: 1}), Release(version, config))


def test_a_pool_that_is_used_up_says_so() -> None:
    registry = CollectorRegistry()
    pool = Pool("main", 2, 0.01, registry)

    with pool.connection(), pool.connection(), pytest.raises(Failure, match=r"in use 2, waiting 1") as refused:
        pool.connection().__enter__()

    assert refused.value.status == 503
    assert registry.get_sample_value("db_pool_timeouts_total") == 1
    assert registry.get_sample_value("db_pool_in_use_connections") == 0


def test_a_connection_comes_free_for_who_waits() -> None:
    pool, got = Pool("main", 1, 5.0, CollectorRegistry()), threading.Event()

    def wait() -> None:
        with pool.connection():
            got.set()

    with pool.connection():
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not got.is_set()
    waiting.join(5)

    assert got.is_set()


def test_a_volume_takes_what_fits_and_no_more(tmp_path: Path) -> None:
    volume = Volume(tmp_path, 10)
    volume.append("a", b"123456")

    with pytest.raises(OSError, match="No space left") as full:
        volume.append("b", b"123456")

    assert full.value.errno == errno.ENOSPC
    assert volume.free == 0
    assert (tmp_path / "b").read_bytes() == b"1234"


def test_the_release_before_is_kept(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    releases.deploy("orders", Release("1", {"volume_megabytes": 8}))
    assert releases.before("orders") is None

    releases.deploy("orders", Release("2"))

    assert releases.current("orders") == Release("2")
    assert releases.before("orders") == Release("1", {"volume_megabytes": 8})


def test_a_mistake_in_the_code_is_logged_with_its_trace(tmp_path: Path) -> None:
    bad = service(tmp_path, "inventory", "3.4.0")

    status, said = bad.answer("POST", "/reserve", {"items": ["regatta"]})

    assert (status, said["error"]) == (500, "KeyError: 'halyard-8mm'")
    lines = [json.loads(line) for line in (tmp_path / "logs/inventory.log").read_text().splitlines()]
    assert lines[0]["message"] == "POST /reserve failed: KeyError: 'halyard-8mm'"
    assert "inventory_3_4_0.py" in lines[0]["stack"]
    assert bad.answer("POST", "/reserve", {"items": ["winch"]})[0] == 200


def test_the_usual_build_takes_every_basket(tmp_path: Path) -> None:
    good = service(tmp_path, "inventory", "3.3.0")

    assert [good.answer("POST", "/reserve", {"items": [item]})[0] for item in ("regatta", "starter", "cleat")] == [
        200
    ] * 3


@pytest.mark.parametrize(("version", "kept"), [("9.4.1", 0), ("9.5.0", 3)], ids=["usual", "keeps-its-pages"])
def test_only_one_build_keeps_its_pages(tmp_path: Path, version: str, kept: int) -> None:
    shop = service(tmp_path, "storefront", version, page_kilobytes=1)

    for stock in ({"winch": 3}, {"winch": 2}, {"winch": 2}, {"winch": 1}):
        assert len(shop.render(stock)) == 1024  # type: ignore[attr-defined]  # it is the storefront

    assert len(getattr(shop, "_rendered", {})) == kept


def test_a_service_that_cannot_be_reached_is_a_failure_of_the_caller(tmp_path: Path) -> None:
    shop = build(Place("storefront", tmp_path, {"storefront": 1, "inventory": 1}), Release("9.4.1"))

    status, said = shop.answer("GET", "/", {})

    assert status == 502
    assert "inventory/stock cannot be reached" in said["error"]


@pytest.fixture(autouse=True)
def _own_logs() -> None:
    """Loggers have names, and would write into the folder of an earlier test."""
    for name in ("inventory", "storefront"):
        log = logging.getLogger(f"shop.{name}")
        for handler in list(log.handlers):
            log.removeHandler(handler)
            handler.close()
