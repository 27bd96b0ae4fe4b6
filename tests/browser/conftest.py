"""Chromium, and a server for it to look at."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bot.settings import Web
from connectors.configuration import Roots
from tests.browser.stage import Stage, serving

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"needs Chromium at {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("home")
    with serving(Web(), Roots(home, home)) as stage:
        yield stage


@pytest.fixture
def open_page(chromium: Browser, stage: Stage) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser of its own; a script error or a blocked resource fails the test."""
    contexts: list[BrowserContext] = []
    mistakes: list[str] = []

    def open_one(path: str = "/", **settings: object) -> Page:
        options = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
        contexts.append(chromium.new_context(**{**options, **settings}))
        page = contexts[-1].new_page()
        page.set_default_timeout(8000)
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        page.on("console", lambda line: mistakes.append(line.text) if "Security Policy" in line.text else None)
        page.goto(stage.address + path if path.startswith("/") else path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert mistakes == []
