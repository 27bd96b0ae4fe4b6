"""The buttons of a card in Slack. Pure."""

from pydantic import JsonValue

from connectors.chat.card_port import Card
from connectors.chat.markdown import clean
from connectors.chat.slack_clicks import BUTTON
from connectors.chat.slack_rich import Json
from connectors.chat.slack_words import WORDS, cut


def button(action: str, label: str, value: str, hint: str = "") -> Json:
    """A button of ours; the hint is what screen readers say."""
    made: Json = {
        "type": "button",
        "action_id": f"{BUTTON}{action}",
        "text": {"type": "plain_text", "text": cut(label, 75), "emoji": True},
        "value": value[:2_000],
    }
    return made | ({"accessibility_label": cut(hint, 75)} if hint else {})


def buttons_of(card: Card, *, ephemeral: bool) -> list[JsonValue]:
    """What can be done about a card; an ephemeral one can be shown to everybody."""
    if card.kind == "incident":
        return _judging(card)
    said, question = WORDS[card.language], card.question_id
    elements: list[JsonValue] = []
    if card.kind in ("answer", "insufficient"):
        elements += [button("up", said["up"], question, said["up_hint"])]
        elements += [button("down", said["down"], question, said["down_hint"])]
    if card.rewritten_query:
        elements.append(button("edit", said["edit"], question))
    if card.citations:
        elements.append(button("sources", said["sources"], question))
    if ephemeral:
        elements.append(button("publish", said["public"], question, said["public_hint"]))
    return elements


def _judging(card: Card) -> list[JsonValue]:
    """The buttons of an incident: whether its cause is right, what it rests on, and its page."""
    said, incident = WORDS[card.language], card.question_id
    elements: list[JsonValue] = []
    if card.cause:
        cause = " ".join(clean(card.cause).split())
        elements.append(button("right", said["right"].format(cause=cause), f"{incident} {cause}"))
    label = said["wrong" if card.cause else "tell"]
    elements.append(button("wrong", label, incident, said["wrong_hint"]))
    if card.folded or card.citations:
        elements.append(button("details", said["details"], incident, said["details_hint"]))
    if card.link.startswith(("http://", "https://")):
        elements.append(button("link", said["incident_page"], incident) | {"url": card.link[:3_000]})
    return elements
