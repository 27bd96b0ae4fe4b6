"""The forms and the App Home of Nightshift in Slack, as views (docs.slack.dev/reference/views). Pure."""

from collections.abc import Sequence

from pydantic import JsonValue

from connectors.chat.card_port import Card, Language
from connectors.chat.markdown import clean, parse, plain
from connectors.chat.port import Recent
from connectors.chat.slack_buttons import button
from connectors.chat.slack_clicks import ASK, CAUSE, EDIT, FIELD, INPUT, QUOTED, REASON, Place
from connectors.chat.slack_events import Identity
from connectors.chat.slack_rich import Json, Writer, weight
from connectors.chat.slack_words import WORDS, cut, linked

_MOST_INPUT = 3_000
_MOST_SECTION = 2_900
_MOST_QUOTED = 20_000
_MOST_BLOCKS, _MOST_WEIGHT = 95, 40_000
"""Slack takes a hundred blocks in a view; how many characters it does not say."""


def ask(place: Place, quoted: str, language: Language) -> Json:
    """The form behind the message shortcut; the message is in it, and comes back with it."""
    said = WORDS[language]
    shown = clean(quoted)[:_MOST_QUOTED]
    parts = [shown[start : start + _MOST_SECTION] for start in range(0, len(shown), _MOST_SECTION)]
    about: list[JsonValue] = [
        {"type": "section", "block_id": f"{QUOTED}{number}", "text": {"type": "plain_text", "text": part}}
        for number, part in enumerate(parts)
    ]
    heading: list[JsonValue] = [{"type": "context", "elements": [_mrkdwn(f"*{said['about']}*")]}] if parts else []
    field = _input(said["ask_label"], "", optional=False)
    return _form(ASK, place, (said["ask"], said["send"], said["cancel"]), [field, *heading, *about])


def edit(place: Place, card: Card) -> Json:
    """The form behind the edit button, with the query as it was run."""
    said = WORDS[card.language]
    field = _input(said["edit_label"], clean(card.rewritten_query or "")[:_MOST_INPUT], optional=False)
    return _form(EDIT, place, (said["edit_title"], said["run"], said["cancel"]), [field])


def reason(place: Place, language: Language) -> Json:
    """The form behind thumbs down."""
    said = WORDS[language]
    field = _input(said["reason"], "", optional=True)
    return _form(REASON, place, (said["reason_title"], said["send"], said["cancel"]), [field])


def cause(place: Place, language: Language) -> Json:
    """The form to say what an incident was."""
    said = WORDS[language]
    field = _input(said["cause"], "", optional=False)
    return _form(CAUSE, place, (said["cause_title"], said["send"], said["cancel"]), [field])


def details(card: Card) -> Json:
    """What an incident's card has folded away, and all that it cites; what does not fit stands on its page."""
    said = WORDS[card.language]
    blocks: list[JsonValue] = []
    for part in card.folded:
        blocks.append({"type": "header", "text": _plain(cut(clean(part.title), 150) or "—")})
        blocks += Writer(tables=0, apart=0).write(parse(clean(part.text)))
    if card.citations:
        blocks.append({"type": "header", "text": _plain(said["sources"])})
        blocks += _quoted(card)
    shown = _fitting(blocks)
    if len(shown) < len(blocks):
        shown.append({"type": "section", "text": _mrkdwn(linked(said["more"], card.link))})
    return {"type": "modal", "title": _plain(said["details"]), "close": _plain(said["close"]), "blocks": shown}


def _fitting(blocks: Sequence[JsonValue]) -> list[JsonValue]:
    """As many blocks, from the first on, as one view takes."""
    shown: list[JsonValue] = []
    room = _MOST_WEIGHT
    for block in blocks[:_MOST_BLOCKS]:
        room -= weight([block])
        if room < 0:
            break
        shown.append(block)
    return shown


def sources(card: Card) -> Json:
    """All that the answer cites, each quote whole."""
    said = WORDS[card.language]
    blocks = _quoted(card)
    return {"type": "modal", "title": _plain(said["sources"]), "close": _plain(said["close"]), "blocks": blocks}


def _quoted(card: Card) -> list[JsonValue]:
    blocks: list[JsonValue] = []
    for one in card.citations[:40]:
        title = linked(cut(f"{one.title} › {one.heading}" if one.heading else one.title, 300), one.link)
        blocks.append({"type": "section", "text": _mrkdwn(f"*[{one.number}]* {title}")})
        quote = plain(parse(one.quote))[:_MOST_SECTION]
        if quote.strip():
            part: JsonValue = {"type": "rich_text_quote", "elements": [{"type": "text", "text": quote}]}
            blocks.append({"type": "rich_text", "elements": [part]})
    return blocks


def notice(language: Language, text: str) -> Json:
    """A few words in a form that can only be closed."""
    said = WORDS[language]
    blocks: list[JsonValue] = Writer().write(parse(text))
    return {"type": "modal", "title": _plain("Nightshift"), "close": _plain(said["close"]), "blocks": blocks}


def home(recent: Sequence[Recent], us: Identity, language: Language) -> Json:
    """The App Home: whether we listen, and what this person asked last, with a link to each."""
    said = WORDS[language]
    blocks: list[JsonValue] = [
        {"type": "header", "text": _plain(said["home"])},
        {"type": "section", "text": _mrkdwn(f":large_green_circle: {said['home_status']}")},
        {"type": "section", "text": _mrkdwn(said["help"])},
        {"type": "divider"},
        {"type": "section", "text": _mrkdwn(f"*{said['home_recent']}*")},
    ]
    for one in recent[:10]:
        state = said["answered" if one.answered else "working"]
        asked = linked(cut(" ".join(one.text.split()), 200) or "…", _address(one, us))
        when = f"<!date^{int(one.asked_at.timestamp())}^{{date_short_pretty}} {{time}}|{one.asked_at:%Y-%m-%d %H:%M}>"
        blocks += [
            {"type": "section", "text": _mrkdwn(asked)},
            {"type": "context", "elements": [_mrkdwn(f"{when} · {state}")]},
        ]
    if not recent:
        blocks.append({"type": "context", "elements": [_mrkdwn(said["home_none"])]})
    blocks.append({"type": "actions", "elements": [button("home", said["home_again"], "home")]})
    return {"type": "home", "blocks": blocks}


def prompts(language: Language) -> list[JsonValue]:
    """What one could ask, for an empty thread with the assistant."""
    said = WORDS[language]
    return [{"title": said[name], "message": said[name]} for name in ("prompt_1", "prompt_2", "prompt_3")]


def _address(one: Recent, us: Identity) -> str:
    """The link to a thread, as Slack itself makes them."""
    parts = one.thread_id.removeprefix("slack:").split("/")
    if not (one.thread_id.startswith("slack:") and len(parts) == 3 and "." in parts[2] and us.url):
        return ""
    return f"{us.url.rstrip('/')}/archives/{parts[1]}/p{parts[2].replace('.', '')}"


def _form(name: str, place: Place, titles: tuple[str, str, str], blocks: list[JsonValue]) -> Json:
    title, submit, close = titles
    return {
        "type": "modal",
        "callback_id": name,
        "title": _plain(title),
        "submit": _plain(submit),
        "close": _plain(close),
        "private_metadata": _kept(place),
        "blocks": blocks,
    }


def _kept(place: Place) -> str:
    """The place as the form keeps it, in at most 3,000 characters: files are left out before anything else is."""
    while len(place.model_dump_json()) > _MOST_INPUT and place.files:
        place = place.model_copy(update={"files": place.files[:-1]})
    return place.model_dump_json()


def _input(label: str, value: str, *, optional: bool) -> Json:
    element: Json = {"type": "plain_text_input", "action_id": INPUT, "multiline": True, "max_length": _MOST_INPUT}
    if value:
        element["initial_value"] = value
    return {"type": "input", "block_id": FIELD, "optional": optional, "label": _plain(label), "element": element}


def _plain(said: str) -> Json:
    return {"type": "plain_text", "text": said}


def _mrkdwn(said: str) -> Json:
    return {"type": "mrkdwn", "text": said[:3_000]}
