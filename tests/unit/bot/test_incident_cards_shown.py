"""An incident's card in the terminal and on the page: what it was, what is folded, and how to judge it."""

from rich.console import Console

from bot.steps.announce import Told, announce
from bot.terminal_view import rendered
from bot.web.views import shown_card
from connectors.chat.card_port import Card, Folded
from tests.unit.bot.steps.cases import diagnosis, incident

CARD = announce(incident(), diagnosis(), Told(link="https://ops.example/incidents/INC-12"))


def printed(card: Card) -> str:
    console = Console(width=120, record=True)
    console.print(rendered(card))
    return console.export_text()


def test_the_terminal_shows_all_of_it() -> None:
    said = printed(CARD)

    assert said.startswith("‼ checkout answers with errors")
    assert "The network is fine" in said
    assert "is it right: python -m bot incidents right INC-12" in said
    assert "https://ops.example/incidents/INC-12" in said


def test_the_terminal_offers_no_confirmation_of_what_is_not_claimed() -> None:
    said = printed(CARD.model_copy(update={"cause": ""}))

    assert "incidents right" not in said
    assert "incidents wrong INC-12 --was" in said


def test_a_hostile_title_steers_no_terminal() -> None:
    assert "\x1b[2J" not in printed(CARD.model_copy(update={"title": "\x1b[2Jx", "question_id": "\x1b[2Jy"}))


def test_the_page_gets_folded_parts_as_safe_html() -> None:
    card = CARD.model_copy(update={"folded": (Folded(title="Gaps", text="- <script>x</script> **y**"),)})
    [part] = shown_card(card.model_dump_json()).folded

    assert "<script>" not in part.html
    assert "<strong>y</strong>" in part.html


def test_the_page_gets_only_links_to_web_pages() -> None:
    assert shown_card(CARD.model_copy(update={"link": "javascript:x"}).model_dump_json()).link == ""
    assert shown_card(CARD.model_dump_json()).link == CARD.link
