"""What holds for all tests: their order."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright keeps an event loop running that no other test could share."""
    items.sort(key=lambda item: "tests/browser" in item.nodeid)
