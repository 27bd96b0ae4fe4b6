"""An answer as Feishu cards (JSON 2.0): first the answer, then tables and charts, what it rests on folded away."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from connectors.chat.card_port import Card, Citation, Footer, Language, PictureText, Table, Tone
from connectors.chat.feishu_elements import (
    Element,
    button,
    count,
    link_button,
    markdown,
    packed,
    panel,
    plain_text,
    row,
    small,
    table,
    text,
    verbatim,
)
from connectors.chat.feishu_markdown import address_in_link, escaped
from connectors.chat.feishu_words import WORDS
from connectors.chat.ladder import mark
from connectors.chat.markdown import clean
from connectors.chat.port import Action

# What an input field of the platform holds at most.
_LONGEST_INPUT = 1000
_PANEL_BYTES = 9_000
_SUMMARY = 80
_LONGEST_TITLE, _LONGEST_LABEL = 200, 80
_TONES: Mapping[Tone, str] = {"plain": "blue", "good": "green", "warning": "orange", "bad": "red"}
_COLOURS = {"insufficient": "yellow", "failure": "red"}


@dataclass(frozen=True)
class Setting:
    """Where a card will stand: the root of its thread, whether one person sees it, and the keys of its charts."""

    root: str = ""
    private: bool = False
    pictures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """How much goes into one card."""

    most_bytes: int
    most_elements: int
    most_tables: int


# The platform allows 30 KB, 200 elements and 5 tables, and has been seen to refuse more than 3.
WHOLE = Limits(most_bytes=22_000, most_elements=95, most_tables=3)
CAREFUL = Limits(most_bytes=9_900, most_elements=40, most_tables=1)


def cards(card: Card, setting: Setting, limits: Limits) -> list[dict[str, JsonValue]]:
    """The answer as one card, or as several that are numbered when it does not fit into one."""
    if card.kind == "incident":
        elements = _incident(card, setting, limits)
    else:
        elements = [*_body(card, setting), *_foot(card, setting)]
    groups = packed(elements, **vars(limits)) or [[markdown("…")]]
    total = len(groups)
    return [_whole(card, group, number, total) for number, group in enumerate(groups, start=1)]


def note(said: str) -> dict[str, JsonValue]:
    """A card of one line."""
    return _framed([markdown(escaped(clean(said)))], said, {})


def listed(title: str, lines: Sequence[str]) -> dict[str, JsonValue]:
    """A card with a list."""
    shown = "\n".join(f"- {escaped(' '.join(clean(line).split())[:300])}" for line in lines)
    return _framed([markdown(f"**{escaped(title)}**"), markdown(shown)], title, {})


def draft(said: str, so_far: str = "", *, streaming: bool) -> dict[str, JsonValue]:
    """The card that an answer grows in: the draft, in the platform's Markdown, and under it what is being done."""
    elements = [
        markdown(so_far, element_id=DRAFT),
        markdown(doing(said), element_id=DOING, text_size="notation"),
    ]
    config: Element = {"streaming_mode": True, "streaming_config": _PACE} if streaming else {}
    return _framed(elements, said, config)


DRAFT, DOING = "draft", "doing"
_PACE: Element = {"print_frequency_ms": {"default": 50}, "print_step": {"default": 4}, "print_strategy": "fast"}


def doing(said: str) -> str:
    """What is being done, in the platform's Markdown."""
    return f"<font color='grey'>{escaped(' '.join(clean(said).split())[:300])}</font>"


def _whole(card: Card, elements: Sequence[Element], number: int, total: int) -> dict[str, JsonValue]:
    part = [small(mark(number, total))] if total > 1 else []
    framed = _framed([*part, *elements], f"{card.title} {card.text}", {})
    if card.title and number == 1:
        title = plain_text(" ".join(clean(card.title).split())[:_LONGEST_TITLE])
        framed["header"] = {"title": title, "template": _TONES[card.tone]}
    elif card.kind in _COLOURS and number == 1:
        title = plain_text(WORDS[card.language][card.kind])
        framed["header"] = {"title": title, "template": _COLOURS[card.kind]}
    return framed


def _framed(elements: Sequence[Element], summary: str, config: Element) -> dict[str, JsonValue]:
    shown = " ".join(clean(summary).split())[:_SUMMARY]
    own: Element = {"update_multi": True, "width_mode": "fill", "summary": {"content": shown or "…"}}
    body: Element = {"vertical_spacing": "12px", "elements": list(elements)}
    return {"schema": "2.0", "config": {**own, **config}, "body": body}


def _body(card: Card, setting: Setting) -> Iterator[Element]:
    say = WORDS[card.language]
    yield from text(card.text)
    for number, one in enumerate(card.tables):
        yield from _table(one, button(f"csv_{number}", say["csv"], _value(card, setting, "csv", x=one.file)), say)
    for chart in card.charts:
        key = setting.pictures.get(chart.file)
        yield markdown(f"**{escaped(clean(chart.title))}**")
        if key:
            yield {
                "tag": "img",
                "img_key": key,
                "alt": plain_text(clean(chart.says)[:200]),
                "scale_type": "fit_horizontal",
            }
        else:
            yield from verbatim(chart.says)
    if card.looked_for:
        yield markdown(f"**{say['looked_for']}**")
        yield from verbatim("\n".join(f"• {' '.join(line.split())}" for line in card.looked_for))
    for said in card.notices:
        yield from verbatim(said)


def _foot(card: Card, setting: Setting) -> Iterator[Element]:
    say = WORDS[card.language]
    readings = [said for one in card.readings for said in _reading(one, say)]
    yield from _panels(say["readings"], readings, card.language)
    sources = [said for one in card.citations for said in _source(one)]
    yield from _panels(say["sources"].format(count=len(card.citations)), sources, card.language)
    if card.rewritten_query:
        yield from _query(card, setting, card.rewritten_query)
    if card.kind in ("answer", "insufficient"):
        yield _feedback(card, setting)
    if setting.private and card.kind == "answer":
        yield button("publish", say["publish"], _value(card, setting, "publish"))
    if card.footer:
        yield small(footer(card.footer, card.language))


def _incident(card: Card, setting: Setting, limits: Limits) -> list[Element]:
    """An incident in one card: of what is folded away as much as there is room for; its page has all of it."""
    body, buttons = list(_body(card, setting)), list(_judging(card, setting))
    buttons += [small(footer(card.footer, card.language))] if card.footer else []
    folded = [one for part in card.folded for one in _panels(part.title, _flat(part.text), card.language)]
    sources = [said for one in card.citations for said in _source(one)]
    title = WORDS[card.language]["sources"].format(count=len(card.citations))
    shown: list[Element] = []
    for one in (*folded, *_panels(title, sources, card.language)):
        if len(packed([*body, *shown, one, *buttons], **vars(limits))) > 1:
            break
        shown.append(one)
    return [*body, *shown, *buttons]


def _flat(source: str) -> list[Element]:
    """Markdown as elements that can be folded away, which a table cannot."""
    elements = list(text(source))
    return list(verbatim(source)) if count(elements, "table") else elements


def _judging(card: Card, setting: Setting) -> Iterator[Element]:
    """What people can do about an incident: say whether its cause is right, and open its page."""
    say, cells = WORDS[card.language], list[tuple[Element, bool]]()
    cause = " ".join(clean(card.cause).split())
    if cause:
        label = say["right"].format(cause=cause)
        label = label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"
        cells.append((button("right", label, _value(card, setting, "right", x=cause)), False))
    if card.link.startswith(("http://", "https://")):
        cells.append((link_button("page", say["page"], card.link), False))
    if cells:
        yield row(*cells)
    hint: Element = {"placeholder": plain_text(say["cause"]), "max_length": _LONGEST_INPUT}
    what: Element = {"tag": "input", "name": "cause", "width": "fill", **hint}
    wrong = button("wrong", say["wrong" if cause else "tell"], _value(card, setting, "wrong", f="cause"), submits=True)
    yield {"tag": "form", "name": "judge", "elements": [row((wrong, False), (what, True))]}


def _value(card: Card, setting: Setting, action: Action, **more: str) -> Mapping[str, JsonValue]:
    return {"a": action, "q": card.question_id, "t": setting.root, "l": card.language, **more}


def _table(one: Table, whole: Element, say: Mapping[str, str]) -> Iterator[Element]:
    if one.title:
        yield markdown(f"**{escaped(clean(one.title))}**")
    if one.columns:
        yield from table(one.columns, one.rows)
    if one.total > len(one.rows):
        yield small(say["of"].format(shown=len(one.rows), total=one.total))
    if one.file:
        yield whole


def _reading(one: PictureText, say: Mapping[str, str]) -> Iterator[Element]:
    yield markdown(f"**{escaped(clean(one.name))}**")
    yield from verbatim(one.text)
    if one.description:
        yield from verbatim(f"{say['sees']}: {one.description}")


def _source(one: Citation) -> Iterator[Element]:
    title = escaped(" ".join(clean(f"{one.title} › {one.heading}" if one.heading else one.title).split()))
    followed = one.link.lower().startswith(("http://", "https://"))
    named = (
        f"[{title.replace('[', '&#91;').replace(']', '&#93;')}]({address_in_link(clean(one.link))})"
        if followed
        else title
    )
    yield markdown(f"**[{one.number}]** {named}")
    for said in verbatim(one.quote):
        lines = str(said["content"]).split("\n")
        yield markdown("\n".join(f"> {line}" for line in lines), text_size="notation")


def _panels(title: str, elements: Sequence[Element], language: Language) -> Iterator[Element]:
    """Folded elements; in several panels when they are too many for one."""
    for number, group in enumerate(packed(elements, most_bytes=_PANEL_BYTES, most_elements=30, most_tables=0)):
        yield panel(f"{title} · {WORDS[language]['continued']}" if number else title, group)


def _query(card: Card, setting: Setting, query: str) -> Iterator[Element]:
    say, shown = WORDS[card.language], clean(query)
    if len(shown) > _LONGEST_INPUT:
        yield from _panels(say["query"], list(verbatim(shown)), card.language)
        return
    field_: Element = {
        "tag": "input",
        "name": "query",
        "default_value": shown,
        "width": "fill",
        "max_length": _LONGEST_INPUT,
    }
    run = button("run", say["run"], _value(card, setting, "edit", f="query"), submits=True)
    yield {"tag": "form", "name": "edit", "elements": [small(say["query"]), row((field_, True), (run, False))]}


def _feedback(card: Card, setting: Setting) -> Element:
    hint: Element = {"placeholder": plain_text(WORDS[card.language]["reason"]), "max_length": _LONGEST_INPUT}
    reason: Element = {"tag": "input", "name": "reason", "width": "fill", **hint}
    up = button("up", "👍", _value(card, setting, "up", f="reason"), submits=True)
    down = button("down", "👎", _value(card, setting, "down", f="reason"), submits=True)
    return {"tag": "form", "name": "feedback", "elements": [row((up, False), (down, False), (reason, True))]}


def footer(one: Footer, language: Language) -> str:
    """What an answer cost, in one line."""
    say = WORDS[language]
    level = {"endpoint": one.model, "local": f"{one.model} ({say['level_local']})", "none": say["level_none"]}[
        one.level
    ]
    tokens = one.tokens_in + one.tokens_out
    parts = (
        level,
        f"{one.seconds:g} s",
        say["tokens"].format(tokens=f"{tokens:,}") if tokens else "",
        one.cost or "",
        say["rounds"].format(rounds=one.rounds) if one.rounds > 1 else "",
    )
    return " · ".join(part for part in parts if part)
