"""What the services of the shop do: a page, an order with its payment, stock, and the provider who takes the money."""

import errno
import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from prometheus_client import Gauge

from deploy.demo.shop.release import Release
from deploy.demo.shop.serving import Body, Place, Route, Service
from deploy.demo.shop.telemetry import Failure, Pool

ARTICLES = ("anchor", "cleat", "compass", "fender", "halyard", "winch")
BUNDLES = {"starter": ("anchor", "cleat"), "regatta": ("compass", "halyard", "winch")}
# As long as such things take: what a busy machine adds to it is little.
RENDERING_SECONDS, RESERVING_SECONDS, LEDGER_SECONDS, WRITING_SECONDS = 0.06, 0.05, 0.06, 0.05
_LINE_BYTES = 4_096


class Storefront(Service):
    """The shop's pages, rendered on the server."""

    defaults: ClassVar[Mapping[str, float]] = {"page_kilobytes": 1536}

    def routes(self) -> Mapping[str, Route]:
        """A page, and the button that buys what is on it."""
        return {"GET /": self.page, "POST /buy": self.buy}

    def page(self, _: Body) -> Body:
        """How large the page is; it tells how much of each article there is."""
        return {"bytes": len(self.render(self.call("inventory", "/stock", {})))}

    def render(self, stock: Body) -> bytes:
        """A page with its pictures inlined."""
        time.sleep(RENDERING_SECONDS)
        rows = "".join(f"<tr><td>{name}</td><td>{count}</td></tr>" for name, count in stock.items())
        return f"<table>{rows}</table>".encode().ljust(int(self.config["page_kilobytes"]) * 1024)

    def buy(self, basket: Body) -> Body:
        """The order's number."""
        return self.call("checkout", "/checkout", basket)


class Checkout(Service):
    """Turns a basket into an order."""

    def routes(self) -> Mapping[str, Route]:
        """One."""
        return {"POST /checkout": self.checkout}

    def checkout(self, basket: Body) -> Body:
        """Reserve, take the money, write the order down."""
        reserved = self.call("inventory", "/reserve", basket)
        self.call("payments", "/pay", {"amount": reserved["price"]})
        return self.call("orders", "/orders", basket)


class Inventory(Service):
    """Knows how much there is of each article."""

    def __init__(self, place: Place, release: Release) -> None:
        super().__init__(place, release)
        self.stock = dict.fromkeys(ARTICLES, 1_000_000)
        self._lock = threading.Lock()

    def routes(self) -> Mapping[str, Route]:
        """What there is, and keeping some of it back."""
        return {"POST /stock": self.known, "POST /reserve": self.reserve}

    def known(self, _: Body) -> Body:
        """The stock of each article."""
        time.sleep(RESERVING_SECONDS)
        return dict(self.stock)

    def parts(self, item: str) -> tuple[str, ...]:
        """The articles that an item is made of."""
        return BUNDLES.get(item, (item,))

    def reserve(self, basket: Body) -> Body:
        """The price of the basket, whose articles are kept back."""
        wanted = [part for item in basket["items"] for part in self.parts(item)]
        with self._lock:
            for part in wanted:
                self.stock[part] -= 1
        time.sleep(RESERVING_SECONDS)
        return {"price": 19 * len(wanted)}


class Payments(Service):
    """Takes the money through the provider, and keeps the ledger."""

    defaults: ClassVar[Mapping[str, float]] = {
        "pool_size": 10,
        "pool_wait_seconds": 1.5,
        "deferred_capture": 0,
    }
    upstream_metric = "northbank_request"

    def __init__(self, place: Place, release: Release) -> None:
        super().__init__(place, release)
        size, wait = int(self.config["pool_size"]), self.config["pool_wait_seconds"]
        self.pool = Pool("payments-main", size, wait, self.metrics.registry)
        self._reconciling = threading.Event()
        self._deferred = Gauge("payments_captures_deferred", "Charges put off.", registry=self.metrics.registry)

    def routes(self) -> Mapping[str, Route]:
        """A payment; and the comparison of the ledger with the provider's list, which somebody starts and stops."""
        return {"POST /pay": self.pay, "POST /jobs/reconcile": self.reconcile, "POST /jobs/cancel": self.cancel}

    def pay(self, due: Body) -> Body:
        """The provider's receipt, written into the ledger; where captures are deferred, one without number."""
        if self.config["deferred_capture"]:
            self._deferred.inc()
            threading.Thread(target=self._capture, args=(due,), daemon=True).start()
            receipt: Body = {"receipt": 0, "amount": due["amount"]}
        else:
            receipt = self.call("northbank", "/charges", due)
        with self.pool.connection():
            time.sleep(LEDGER_SECONDS)
        return receipt

    def _capture(self, due: Body) -> None:
        try:
            self.call("northbank", "/charges", due)
        except Failure as failed:
            self.log.error("deferred capture of %s failed: %s", due["amount"], failed)  # noqa: TRY400  # foreseen
        finally:
            self._deferred.dec()

    def reconcile(self, job: Body) -> Body:
        """Compare ledger and provider, with so many connections at a time, until it is told to stop."""
        workers = int(job["workers"])
        self._reconciling.set()
        for number in range(workers):
            threading.Thread(target=self._compare, args=(number,), daemon=True).start()
        self.log.info("ledger reconciliation started: %d workers, each in one transaction", workers)
        return {"workers": workers}

    def cancel(self, _: Body) -> Body:
        """That it is over."""
        self._reconciling.clear()
        return {}

    def _compare(self, number: int) -> None:
        while self._reconciling.is_set():
            try:
                with self.pool.connection():
                    while self._reconciling.is_set():
                        time.sleep(0.05)
            except Failure as full:
                self.log.warning("ledger reconciliation: worker %d waits: %s", number, full)
        self.log.info("ledger reconciliation: worker %d ends", number)


class Orders(Service):
    """Writes orders down, in a journal on a volume of its own."""

    defaults: ClassVar[Mapping[str, float]] = {"volume_megabytes": 64}

    def __init__(self, place: Place, release: Release) -> None:
        super().__init__(place, release)
        self._volume = Volume(place.folder / "volumes" / "orders", int(self.config["volume_megabytes"] * 2**20))
        size = Gauge("volume_size_bytes", "How large the volume is.", registry=self.metrics.registry)
        free = Gauge("volume_free_bytes", "How much of it is free.", registry=self.metrics.registry)
        size.set(self._volume.size)
        free.set_function(lambda: self._volume.free)

    def routes(self) -> Mapping[str, Route]:
        """An order; and an export of all orders, which somebody starts."""
        return {"POST /orders": self.order, "POST /jobs/export": self.export}

    def order(self, basket: Body) -> Body:
        """The order's number."""
        number = time.time_ns()
        time.sleep(WRITING_SECONDS)
        self._volume.append("journal.jsonl", json.dumps({"order": number, **basket}).encode() + b"\n")
        return {"order": number}

    def export(self, job: Body) -> Body:
        """Write all orders into a file beside the journal, so many megabytes a second; the name of the file."""
        name = f"export-{time.time_ns() // 10**9}.csv"
        threading.Thread(target=self._export, args=(name, float(job["megabytes_per_second"])), daemon=True).start()
        self.log.info("export of all orders started: %s", name)
        return {"file": name}

    def _export(self, name: str, pace: float) -> None:
        rows = b"order;item;count;price\n".ljust(_LINE_BYTES, b".") * 64
        try:
            while True:
                self._volume.append(name, rows)
                time.sleep(len(rows) / (pace * 2**20))
        except OSError as full:
            self.log.error("export %s stopped: %s", name, full)  # noqa: TRY400  # says where without a trace


class Northbank(Service):
    """The provider who takes the money; nobody outside sees its metrics or its log."""

    defaults: ClassVar[Mapping[str, float]] = {"latency_seconds": 0.15}

    def routes(self) -> Mapping[str, Route]:
        """A charge; and how long it takes from now on."""
        return {"POST /charges": self.charge, "POST /latency": self.slow_down}

    def charge(self, due: Body) -> Body:
        """The receipt."""
        time.sleep(self.config["latency_seconds"])
        return {"receipt": time.time_ns(), "amount": due["amount"]}

    def slow_down(self, wanted: Body) -> Body:
        """How long a charge takes."""
        self.config["latency_seconds"] = float(wanted["seconds"])
        return {}


class Volume:
    """A folder that holds only so much, whoever writes into it, as a volume of that size would."""

    def __init__(self, folder: Path, size: int) -> None:
        self._folder, self.size = folder, size
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def free(self) -> int:
        """How many bytes are left."""
        return max(0, self.size - sum(file.stat().st_size for file in self._folder.iterdir()))

    def append(self, name: str, data: bytes) -> None:
        """Write to the end of a file, as much as there is room for. Raises OSError when that is not all of it."""
        file = self._folder / name
        with self._lock:
            fits = data[: self.free]
            with file.open("ab") as open_file:
                open_file.write(fits)
        if len(fits) < len(data):
            raise OSError(errno.ENOSPC, "No space left on device", str(file))
