"""The widget on pages that are not ours."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from bot.settings import Web
from connectors.configuration import Roots
from tests.browser.stage import Stage, serving
from tests.browser.test_pictures import bring
from tests.pictures import png

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
TOKEN = "a-token-for-the-widget"
HOSTILE = """
    * { all: revert !important; color: rgb(255, 0, 0) !important; font: 60px serif !important; opacity: .1 !important;
        letter-spacing: 1em !important; text-transform: uppercase !important; visibility: hidden !important; }
    html { filter: invert(1) !important; transform: rotate(3deg) !important; }
    nightshift-widget { display: none !important; position: static !important; }
    button, textarea { width: 3px !important; border: 9px solid lime !important; }
"""


@dataclass
class Wiki:
    """Somebody else's site, with one page."""

    origin: str
    html: str = ""


@pytest.fixture(scope="module")
def wiki() -> Iterator[Wiki]:
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(wiki.html.encode())

        def log_message(self, *_arguments: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    wiki = Wiki(f"http://localhost:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield wiki
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def guarded(wiki: Wiki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("home")
    with serving(Web(token=TOKEN, allowed_origins=(wiki.origin,)), Roots(home, home)) as stage:
        yield stage


@pytest.fixture
def embed(open_page: Open, guarded: Stage, wiki: Wiki) -> Callable[..., Page]:
    """Opens a page of another origin with the widget's one tag in it."""

    def opened(style: str = "", attributes: str = f'data-token="{TOKEN}"') -> Page:
        script = f'<script src="{guarded.address}/widget.js" {attributes} defer></script>'
        wiki.html = f"<!doctype html><title>Wiki</title><style>{style}</style><p>A wiki page</p>{script}"
        return open_page(wiki.origin)

    return opened


def test_with_the_keyboard_alone(open_page: Open, stage: Stage) -> None:
    page = open_page("/demo")
    launcher = page.get_by_role("button", name="Ask Nightshift")
    expect(launcher).to_have_attribute("aria-expanded", "false")

    page.keyboard.press("Tab")
    expect(launcher).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Nightshift, the operations assistant")).to_be_visible()
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("payments says pool exhausted")
    page.keyboard.press("Enter")
    stage.settles(stage.next_question())
    expect(page.get_by_role("article")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(launcher).to_be_focused()


def test_every_control_is_reached_in_order(open_page: Open, stage: Stage) -> None:
    page = open_page("/demo")
    page.get_by_role("button", name="Ask Nightshift").click()
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("x")

    reached = []
    for _ in range(2):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))

    assert reached == ["Attach screenshots", "Send"]


FOCUSED = """() => {
    let focused = document.activeElement;
    while (focused.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return focused.getAttribute("aria-label");
}"""


def test_escape_closes_the_source_first(open_page: Open, stage: Stage) -> None:
    page = open_page("/demo")
    page.get_by_role("button", name="Ask Nightshift").click()
    page.get_by_role("textbox").fill("payments")
    page.keyboard.press("Enter")
    stage.settles(stage.next_question())
    page.get_by_role("button", name="Open source 1 at the passage").first.click()
    expect(page.locator("mark").first).to_be_in_viewport()

    page.keyboard.press("Escape")
    expect(page.locator("mark")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()


def test_it_remembers_its_thread(open_page: Open, stage: Stage) -> None:
    page = open_page("/demo")
    page.get_by_role("button", name="Ask Nightshift").click()
    page.get_by_role("textbox").fill("payments says pool exhausted")
    page.keyboard.press("Enter")
    stage.settles(stage.next_question())
    expect(page.get_by_role("article")).to_be_visible()

    page.reload()
    page.get_by_role("button", name="Ask Nightshift").click()
    expect(page.get_by_role("article")).to_be_visible()
    page.get_by_role("button", name="New conversation").click()

    expect(page.get_by_role("heading", name="What is going on?")).to_be_visible()


def test_on_another_site_with_a_token(embed: Open, guarded: Stage) -> None:
    page = embed()
    page.get_by_role("button", name="Ask Nightshift").click()
    page.get_by_role("textbox").fill("payments says pool exhausted")
    page.keyboard.press("Enter")
    question_id = guarded.next_question()
    guarded.says(question_id, "append", "one")
    expect(page.locator(".draft-text")).to_have_text("one")
    guarded.settles(question_id)

    page.get_by_role("button", name="Open source 1 at the passage").first.click()
    expect(page.locator("mark").first).to_be_in_viewport()
    assert page.context.cookies() == []


def test_pictures_on_another_site(embed: Open, guarded: Stage) -> None:
    page = embed()
    page.get_by_role("button", name="Ask Nightshift").click()
    expect(page.get_by_role("textbox")).to_be_focused()
    bring(page, "paste", ("shot.png", png("widget", 60, 40)))
    expect(page.locator(".box .tray li")).to_have_attribute("data-phase", "ready")
    page.get_by_role("textbox").press("Enter")
    guarded.settles(guarded.next_question())
    expect(page.get_by_role("article")).to_be_visible()

    page.reload()
    page.get_by_role("button", name="Ask Nightshift").click()
    page.get_by_role("button", name="Open the screenshot shot.png").click()
    expect(page.get_by_role("dialog", name="Screenshot shot.png").get_by_role("img")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog", name="Screenshot shot.png")).to_have_count(0)
    expect(page.get_by_role("dialog", name="Nightshift, the operations assistant")).to_be_visible()


def test_on_another_site_without_a_token_it_asks_to_sign_in(embed: Open) -> None:
    page = embed(attributes="")
    page.get_by_role("button", name="Ask Nightshift").click()
    page.get_by_role("textbox").fill("payments")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("Please sign in")


LOOK = "one => { const s = getComputedStyle(one); return [s.fontSize, s.color, s.letterSpacing, s.opacity]; }"


def test_under_a_hostile_style_sheet(embed: Open) -> None:
    page = embed(style=HOSTILE)
    launcher = page.get_by_role("button", name="Ask Nightshift")
    box = launcher.bounding_box()

    assert box is not None
    assert (round(box["x"] + box["width"]), round(box["y"] + box["height"]), box["height"]) == (1256, 776, 48)
    launcher.click()
    textbox = page.get_by_role("textbox")
    expect(textbox).to_be_focused()
    look = textbox.evaluate(LOOK)
    assert look == ["15px", "rgb(29, 35, 39)", "normal", "1"]
    assert page.get_by_role("dialog").bounding_box() == {"x": 836, "y": 96, "width": 420, "height": 680}


def test_language_and_theme_of_the_tag(embed: Open) -> None:
    page = embed(attributes='data-language="zh" data-theme="dark"')
    page.get_by_role("button", name="问问 Nightshift").click()

    expect(page.get_by_role("heading", name="出了什么问题？")).to_be_visible()
    background = "one => getComputedStyle(one).backgroundColor"
    assert page.get_by_role("dialog").evaluate(background) == "rgb(17, 22, 27)"


def test_the_pages_own_shortcuts_do_not_hear_what_is_typed(embed: Open) -> None:
    page = embed()
    page.evaluate("window.heard = []; document.addEventListener('keydown', (event) => window.heard.push(event.key))")
    page.get_by_role("button", name="Ask Nightshift").click()
    page.get_by_role("textbox").press("s")

    assert page.evaluate("window.heard") == []
