"""What can go wrong in the shop: five faults that are injected into what runs, and healed again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from deploy.demo.shop.release import Release
from deploy.demo.shop.shop import Said, Shop

POOL_WORKERS, SLOW_SECONDS, USUAL_SECONDS = 10, 1.5, 0.15
EXPORT_MEGABYTES_PER_SECOND = 16


@dataclass(frozen=True)
class Fault:
    """One fault: where it sits, what it is, how it begins, and what ends it."""

    service: str
    says: str
    inject: Callable[[Shop], None]
    heal: Callable[[Shop], None]


def _bad_deploy(shop: Shop) -> None:
    shop.deploy("inventory", Release("3.4.0"), Said("Take the parts of bundles from the new table", "ben"))


def _memory_leak(shop: Shop) -> None:
    shop.deploy("storefront", Release("9.5.0"), Said("Keep pages that were rendered once", "chen"))


def _exhausted_pool(shop: Shop) -> None:
    shop.job("payments", "jobs/reconcile", workers=POOL_WORKERS)


def _slow_dependency(shop: Shop) -> None:
    shop.job("northbank", "latency", seconds=SLOW_SECONDS)


def _full_disk(shop: Shop) -> None:
    shop.job("orders", "jobs/export", megabytes_per_second=EXPORT_MEGABYTES_PER_SECOND)


def _cleaned(shop: Shop) -> None:
    shop.clean("orders")


FAULTS: Mapping[str, Fault] = {
    "bad-deploy": Fault(
        "inventory",
        "inventory 3.4.0 fails for baskets with a bundle: its table names parts that there are none of",
        _bad_deploy,
        lambda shop: shop.rollback("inventory"),
    ),
    "exhausted-pool": Fault(
        "payments",
        "a reconciliation of the ledger holds every connection of payments' pool",
        _exhausted_pool,
        lambda shop: shop.job("payments", "jobs/cancel"),
    ),
    "memory-leak": Fault(
        "storefront",
        "storefront 9.5.0 keeps every page that it renders, and is killed whenever it reaches its limit",
        _memory_leak,
        lambda shop: shop.rollback("storefront"),
    ),
    "slow-dependency": Fault(
        "northbank",
        "the payment provider takes more than a second for a charge",
        _slow_dependency,
        lambda shop: shop.job("northbank", "latency", seconds=USUAL_SECONDS),
    ),
    "full-disk": Fault(
        "orders",
        "an export of all orders has filled the volume that orders writes its journal to",
        _full_disk,
        _cleaned,
    ),
}


def inject(shop: Shop, name: str) -> None:
    """Let a fault begin. Raises KeyError for a name that is none."""
    FAULTS[name].inject(shop)


def heal(shop: Shop, name: str) -> None:
    """End a fault. Raises KeyError for a name that is none."""
    FAULTS[name].heal(shop)


def everyday(shop: Shop) -> None:
    """What else happens on a usual day, and harms nobody: here, and to services that run elsewhere."""
    shop.tell("search", "3.7.3", Said("Update libraries of the build", "renovate"))
    shop.configure("storefront", Said("Show the winter banner", "dora", "flag"), page_kilobytes=1600)
    shop.tell("notify", "1.14.3", Said("Reword the dispatch note", "emil"))
