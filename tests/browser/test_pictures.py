"""Pictures in the question box: pasted, dropped, chosen, taken out, sent, seen again, and corrected."""

import base64
import hashlib
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from connectors.chat.card_port import PictureText
from tests.browser.stage import ASKED, Stage
from tests.pictures import png

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
A, B = png("a", 120, 80), png("b", 80, 120)
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"

# What a browser makes of a paste or a drop; a real one needs a clipboard and a hand.
BRING = """([kind, files]) => {
    const host = document.querySelector("nightshift-widget")?.shadowRoot ?? document;
    const root = host.querySelector("nightshift-chat").shadowRoot;
    const data = new DataTransfer();
    for (const [name, type, content] of files) {
        data.items.add(new File([Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0))], name, { type }));
    }
    const options = { bubbles: true, cancelable: true, composed: true };
    const event = kind === "drop"
        ? new DragEvent(kind, { ...options, dataTransfer: data })
        : new ClipboardEvent(kind, { ...options, clipboardData: data });
    root.querySelector(kind === "drop" ? ".frame" : "textarea").dispatchEvent(event);
}"""


def bring(page: Page, kind: str, *files: tuple[str, bytes], media_type: str = "image/png") -> None:
    """Paste or drop files."""
    listed = [[name, media_type, base64.b64encode(content).decode()] for name, content in files]
    page.evaluate(BRING, [kind, listed])


def tray(page: Page) -> Locator:
    """The pictures in the question box."""
    return page.locator(".box .tray")


def ready(page: Page, name: str) -> Locator:
    """A picture in the question box that the server has."""
    item = (
        tray(page).get_by_role("listitem").filter(has=page.get_by_role("button", name=f"Remove the screenshot {name}"))
    )
    expect(item).to_have_attribute("data-phase", "ready")
    return item


def send(page: Page, stage: Stage, text: str = ASKED) -> str:
    """Type a question beside the pictures and send it; its id."""
    page.get_by_role("textbox").fill(text)
    page.keyboard.press("Enter")
    return stage.next_question()


def reading(name: str, content: bytes, text: str) -> PictureText:
    return PictureText(name=name, digest=hashlib.sha256(content).hexdigest(), text=text)


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_a_picture_is_brought_sent_and_seen_again_after_a_reload(open_page: Open, stage: Stage, kind: str) -> None:
    page = open_page()
    page.get_by_role("textbox").fill("half a ")

    bring(page, kind, ("shot.png", A))
    ready(page, "shot.png")
    expect(page.get_by_role("textbox")).to_be_focused()
    expect(page.get_by_role("textbox")).to_have_value("half a ")
    question_id = send(page, stage)

    assert [(one["name"], one["digest"]) for one in stage.images_of(question_id)] == [
        ("shot.png", hashlib.sha256(A).hexdigest())
    ]
    expect(tray(page)).to_be_hidden()
    stage.settles(question_id)
    expect(page.get_by_role("article")).to_be_visible()
    page.reload()
    shown = page.get_by_role("group", name="You asked").get_by_role("img", name="Screenshot shot.png")
    expect(shown).to_have_js_property("naturalWidth", 120)


def test_a_picture_needs_no_words(open_page: Open, stage: Stage) -> None:
    page = open_page()
    expect(page.get_by_role("button", name="Send")).to_be_disabled()

    bring(page, "paste", ("shot.png", A))
    ready(page, "shot.png")
    page.get_by_role("button", name="Send").click()

    question_id = stage.next_question()
    assert stage.text_of(question_id) == ("", None)
    stage.settles(question_id)
    expect(page.get_by_role("link", name="A screenshot")).to_be_visible()


def test_pictures_are_chosen_and_taken_out_with_the_keyboard(open_page: Open, stage: Stage) -> None:
    page = open_page()
    files = [
        {"name": name, "mimeType": "image/png", "buffer": content} for name, content in (("a.png", A), ("b.png", B))
    ]
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach screenshots").press("Enter")
    chooser.value.set_files(files)
    ready(page, "a.png")
    ready(page, "b.png")

    page.get_by_role("button", name="Remove the screenshot a.png").press("Enter")

    expect(page.get_by_role("button", name="Remove the screenshot b.png")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="a.png is removed.")).to_have_count(1)
    assert [one["name"] for one in stage.images_of(send(page, stage))] == ["b.png"]


def test_what_was_brought_but_not_sent_is_there_after_a_reload(open_page: Open, stage: Stage) -> None:
    page = open_page()
    bring(page, "paste", ("shot.png", A))
    ready(page, "shot.png")
    page.get_by_role("textbox").fill("half a question")

    page.reload()

    ready(page, "shot.png")
    expect(tray(page).get_by_role("img", name="Screenshot shot.png")).to_be_visible()
    page.get_by_role("textbox").press("Enter")
    assert len(stage.images_of(stage.next_question())) == 1


def test_the_same_picture_twice_is_one(open_page: Open) -> None:
    page = open_page()

    bring(page, "drop", ("a.png", A), ("copy of a.png", A), ("b.png", B))

    ready(page, "b.png")
    expect(tray(page).get_by_role("listitem")).to_have_count(2)


REFUSED = [
    pytest.param(("photo.heic", HEIC), "photo.heic is an HEIC photo", id="heic"),
    pytest.param(("photo.png", HEIC), "photo.png is an HEIC photo", id="heic-by-another-name"),
    pytest.param(("notes.txt", b"hello"), "notes.txt is not a PNG, JPEG, WebP or GIF picture", id="no-picture"),
    pytest.param(("large.png", A + b"\0" * 20 * 2**20), "large.png is larger than 20 MB", id="too-large"),
]


@pytest.mark.parametrize(("file", "said"), REFUSED)
def test_what_is_no_picture_is_refused_before_it_is_sent(open_page: Open, file: tuple[str, bytes], said: str) -> None:
    page = open_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)

    bring(page, "drop", file)

    expect(page.get_by_text(said)).to_be_visible()
    expect(tray(page)).to_be_hidden()
    page.get_by_role("button", name="Switch to Chinese").click()
    expect(page.locator(".banner")).to_contain_text(file[0])
    assert sent == []


def test_a_sixth_picture_is_refused(open_page: Open) -> None:
    page = open_page()

    bring(page, "drop", *((f"{number}.png", png(str(number))) for number in range(6)))

    expect(page.get_by_text("A question takes 5 pictures at most.")).to_be_visible()
    expect(tray(page).get_by_role("listitem")).to_have_count(5)


def test_what_only_the_server_sees_to_be_broken_is_taken_out_again(open_page: Open) -> None:
    page = open_page()

    bring(page, "drop", ("torn.png", A[:20]), ("notes.txt", b"hello"))

    expect(page.get_by_text("torn.png is damaged or cut off")).to_contain_text("notes.txt is not a PNG")
    expect(tray(page)).to_be_hidden()


def test_text_that_was_copied_along_with_its_picture_is_pasted_as_text(open_page: Open) -> None:
    page = open_page()
    handled = page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/plain", "a\tb");
            data.items.add(new File(["x"], "cells.png", { type: "image/png" }));
            const box = document.querySelector("nightshift-chat").shadowRoot.querySelector("textarea");
            const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
            return !box.dispatchEvent(event);
        }"""
    )

    assert handled is False
    expect(tray(page)).to_be_hidden()


def test_a_question_waits_for_its_picture(open_page: Open, stage: Stage) -> None:
    page = open_page()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/images", hold)
    bring(page, "paste", ("shot.png", A))
    expect(tray(page).get_by_role("listitem")).to_have_attribute("data-phase", "sending")
    page.get_by_role("textbox").fill(ASKED)

    page.keyboard.press("Enter")
    expect(page.get_by_text("Goes out as soon as the picture has arrived")).to_be_visible()
    assert stage.asked.empty()
    held[0].continue_()

    assert len(stage.images_of(stage.next_question())) == 1


def test_a_picture_that_did_not_get_through_is_sent_again(open_page: Open, stage: Stage) -> None:
    page = open_page()
    refused = {"status": 401, "json": {"code": "login", "detail": "Please sign in first."}}
    page.route("**/api/images", lambda route: route.fulfill(**refused), times=1)
    bring(page, "paste", ("shot.png", A))
    expect(page.get_by_text("Please sign in")).to_be_visible()
    expect(tray(page).get_by_role("listitem")).to_have_attribute("data-phase", "failed")

    tray(page).get_by_role("button", name="Try again").click()

    ready(page, "shot.png")
    assert len(stage.images_of(send(page, stage))) == 1


def test_a_message_that_never_got_out_takes_its_picture_along_after_a_reload(open_page: Open, stage: Stage) -> None:
    page = open_page()
    page.route("**/api/messages", lambda route: route.abort())
    bring(page, "paste", ("shot.png", A))
    ready(page, "shot.png")
    page.get_by_role("textbox").fill(ASKED)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Sending")).to_be_visible()
    page.unroute("**/api/messages")

    page.reload()

    assert [one["name"] for one in stage.images_of(stage.next_question())] == ["shot.png"]
    expect(page.get_by_role("group", name="You asked").get_by_role("img", name="Screenshot shot.png")).to_be_visible()


def test_a_picture_opens_large_and_closes_with_escape(open_page: Open, stage: Stage) -> None:
    page = open_page()
    bring(page, "paste", ("shot.png", A))
    ready(page, "shot.png")
    send(page, stage)
    small = page.get_by_role("button", name="Open the screenshot shot.png")

    small.press("Enter")

    large = page.get_by_role("dialog", name="Screenshot shot.png")
    expect(large.get_by_role("img", name="Screenshot shot.png")).to_be_visible()
    page.keyboard.press("Escape")
    expect(large).to_have_count(0)
    expect(small).to_be_focused()


def test_what_was_read_is_folded_and_the_question_is_asked_again_with_a_correction(
    open_page: Open, stage: Stage
) -> None:
    page = open_page()
    bring(page, "drop", ("a.png", A), ("b.png", B))
    ready(page, "a.png")
    ready(page, "b.png")
    evil = "<img src=x onerror='document.title=1'>\nERR0R 503"
    stage.settles(send(page, stage), readings=(reading("b.png", B, evil),))

    expect(page.get_by_text("ERR0R 503")).to_be_hidden()
    page.get_by_text("I read this on b.png").click()
    expect(page.locator(".reading-text")).to_have_text(evil)
    page.get_by_role("button", name="Correct the text of b.png and ask again").click()
    page.get_by_role("textbox", name="Text on b.png").fill("ERROR 503\nin payments")
    page.get_by_role("button", name="Ask again with this").click()

    again = stage.next_question()
    assert stage.text_of(again) == (ASKED, None)
    assert [(one["name"], one["text"]) for one in stage.images_of(again)] == [
        ("a.png", None),
        ("b.png", "ERROR 503\nin payments"),
    ]
    expect(page.get_by_text("Asked again with your correction")).to_be_visible()
    assert page.title() == "Nightshift"


def test_what_a_model_sees_is_told_from_what_was_read_and_does_nothing(open_page: Open, stage: Stage) -> None:
    page = open_page()
    bring(page, "paste", ("a.png", A))
    ready(page, "a.png")
    evil = "<img src=x onerror='document.title=1'> [see](https://e.example)"
    seen = reading("a.png", A, "p99").model_copy(update={"description": evil})
    stage.settles(send(page, stage), readings=(seen,))

    expect(page.get_by_text("The model sees")).to_be_hidden()
    page.get_by_text("I read this on a.png").click()

    expect(page.locator(".described")).to_have_text(f"The model sees (no evidence) {evil}")
    expect(page.locator(".described").get_by_role("link")).to_have_count(0)
    assert page.title() == "Nightshift"
    page.get_by_role("button", name="Correct the text of a.png and ask again").click()
    expect(page.get_by_role("textbox", name="Text on a.png")).to_have_value("p99")


def test_an_edited_query_takes_the_pictures_along(open_page: Open, stage: Stage) -> None:
    page = open_page()
    bring(page, "paste", ("a.png", A))
    ready(page, "a.png")
    stage.settles(send(page, stage))

    page.get_by_role("button", name="Edit the query and run it again").click()
    page.get_by_role("textbox", name="Searched as").fill("pool size")
    page.get_by_role("button", name="Run", exact=True).click()

    assert len(stage.images_of(stage.next_question())) == 1


def test_a_picture_that_is_gone_says_so(open_page: Open, stage: Stage) -> None:
    page = open_page()
    bring(page, "paste", ("a.png", A))
    ready(page, "a.png")
    stage.settles(send(page, stage))
    expect(page.get_by_role("article")).to_be_visible()

    page.route("**/images/*", lambda route: route.fulfill(status=404, json={"code": "missing"}))
    page.reload()

    expect(page.get_by_text("This picture cannot be shown.")).to_be_visible()


def test_pictures_fit_a_phone(open_page: Open, stage: Stage) -> None:
    page = open_page(viewport={"width": 360, "height": 740})
    bring(page, "drop", *((f"{number}.png", png(str(number), 1200, 700)) for number in range(5)))
    for number in range(5):
        ready(page, f"{number}.png")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    stage.settles(send(page, stage), readings=(reading("0.png", png("0", 1200, 700), "x" * 300),))
    page.get_by_text("I read this on 0.png").click()

    assert page.evaluate("document.documentElement.scrollWidth") == 360
    scroller = page.locator(".scroll")
    assert scroller.evaluate("one => one.scrollWidth <= one.clientWidth")
