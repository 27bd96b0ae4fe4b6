"""A card as Slack messages: as many pages as it takes, each within what Slack allows, the answer first. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from connectors.chat import ladder
from connectors.chat.card_port import Card, Chart, Citation, Footer, Language, Table, Tone
from connectors.chat.markdown import Code, Grid, Listing, Paragraph, Run, clean, parse, plain
from connectors.chat.slack_buttons import button, buttons_of
from connectors.chat.slack_rich import Json, Writer, fits_table, spelled, table, weight
from connectors.chat.slack_words import WORDS, cut, escaped, linked

MOST_BLOCKS = 45
MOST_WEIGHT = 12_000
"""Slack refused messages of more than about 13,200 characters in all (slackapi/bolt-js#2509)."""
MOST_TEXT = 3_500
PAGE = 8_000
"""Characters of Markdown on one page, which leaves room for sources and buttons."""
SMALL_PAGE = 2_500
"""The same when Slack has refused the larger ones."""
_MOST_CONTEXT = 2_900
_NOTIFIED = 280
_SMALL_TABLE = 15
_MOST_SOURCES = 4
"""Of an incident; the others stand among its details."""
_SIGNS: Mapping[Tone, str] = {"plain": "🔎", "good": "🟢", "warning": "🟠", "bad": "🔴"}


@dataclass
class Page:
    """One message: its blocks, and the text that notifications show. ``tables`` may still be put on it."""

    text: str
    blocks: list[JsonValue]
    tables: int = 1

    def takes(self, more: Sequence[JsonValue]) -> bool:
        """Whether these blocks fit as well."""
        return len(self.blocks) + len(more) <= MOST_BLOCKS and weight(self.blocks) + weight(more) <= MOST_WEIGHT


@dataclass
class _Pages:
    """Pages in the making: what no longer fits begins a new one."""

    subject: str
    pages: list[Page] = field(default_factory=list)

    def native(self, grid: Grid) -> bool:
        """Whether a table is worth a table block: Slack takes one a message, and a small one reads well without."""
        return not self.pages or self.pages[-1].tables > 0 or len(grid.rows) > _SMALL_TABLE

    def add(self, blocks: Sequence[JsonValue], tables: int = 0) -> None:
        last = self.pages[-1] if self.pages else None
        if last is None or last.tables < tables or not last.takes(blocks):
            last = Page(self.subject, [])
            self.pages.append(last)
        last.blocks += blocks
        last.tables -= tables


def pages(card: Card, pictures: Mapping[str, str], most: int = PAGE, *, ephemeral: bool = False) -> list[Page]:
    """The messages of a card. ``pictures`` are the charts that Slack has, its id for each digest.

    Every page is within the limits, whatever the card holds; nothing of the answer is left out.
    """
    made = _begun(card)
    whole = clean(card.text)
    for source in [whole] if len(whole) <= most else ladder.pages(whole, most):
        for blocks, tables in _body(source, most):
            made.add(blocks, tables)
    for one in card.tables:
        _add_table(made, one, card, most)
    for blocks in _further(card, pictures):
        made.add(blocks)
    buttons = buttons_of(card, ephemeral=ephemeral)
    if buttons:
        made.add([{"type": "actions", "elements": buttons}])
    for number, page in enumerate(made.pages, start=1):
        if len(made.pages) > 1:
            page.blocks.insert(0, _context([escaped(ladder.mark(number, len(made.pages)))]))
        page.text = escaped(f"{page.text} {ladder.mark(number, len(made.pages))}".strip()) or "…"
    return made.pages


def _begun(card: Card) -> _Pages:
    """Pages with nothing on them but the title, when there is one."""
    opening = " ".join(plain(parse(card.text[:2_000])).split())
    if not card.title:
        return _Pages(cut(opening, _NOTIFIED))
    title = " ".join(clean(card.title).split())
    said: Json = {"type": "plain_text", "text": cut(f"{_SIGNS[card.tone]} {title}", 150), "emoji": True}
    made = _Pages(cut(f"{title}: {opening}", _NOTIFIED))
    made.add([{"type": "header", "text": said}])
    return made


def texts(card: Card) -> list[str]:
    """The card as plain text, in messages that hold no markup at all, for where blocks are refused."""
    whole = as_text(card)
    parts = ladder.pages(whole, MOST_TEXT - 20, lambda said: len(escaped(said)))
    marks = (ladder.mark(number, len(parts)) for number in range(1, len(parts) + 1))
    return [f"{escaped(part)}\n{mark}".strip() for part, mark in zip(parts, marks, strict=True)]


def as_text(card: Card) -> str:
    """All of a card as text that reads well without any format."""
    said = WORDS[card.language]
    rows = [plain((Paragraph((Run(one.title),)), *spelled(_grid(one)))) for one in card.tables]
    shown = [f"{one.title}: {one.says}" for one in card.charts]
    listed = [f"{said['notices']}: {one}" for one in card.notices] + [
        f"{said['looked_for']}: {one}" for one in card.looked_for
    ]
    sources = [f"[{one.number}] {_titled(one)} {one.link}\n“{one.quote}”" for one in card.citations]
    readings = [f"{said['reading']} {one.name}:\n{one.text}" for one in card.readings]
    readings += [f"{said['sees']} · {one.name}:\n{one.description}" for one in card.readings if one.description]
    query = [f"{said['query']}: {card.rewritten_query}"] if card.rewritten_query else []
    folded = [f"{one.title}\n{plain(parse(one.text))}" for one in card.folded]
    parts = [
        card.title,
        plain(parse(card.text)),
        card.link,
        *folded,
        *rows,
        *shown,
        *readings,
        *query,
        *listed,
        *sources,
    ]
    return clean("\n\n".join(part for part in parts if part.strip()))


def progress(doing: str, draft: str) -> tuple[str, list[JsonValue]]:
    """What a message shows while its answer is being made: the draft so far, and what is being done."""
    shown = cut(clean(draft), 6_000)
    blocks = Writer(tables=1, apart=6).write(parse(shown)) if shown.strip() else []
    status = _context([f"⏳ {escaped(cut(doing, _NOTIFIED))}"])
    fits = len(blocks) < MOST_BLOCKS and weight(blocks) < MOST_WEIGHT
    return escaped(cut(doing, _NOTIFIED)) or "…", [*(blocks if fits else []), status]


def _body(source: str, most: int) -> Iterator[tuple[list[JsonValue], int]]:
    """One page of Markdown as blocks, cut smaller when they turn out too many or too long."""
    writer = Writer()
    blocks = writer.write(parse(source))
    if len(blocks) <= MOST_BLOCKS - 1 and weight(blocks) <= MOST_WEIGHT - 100:
        if blocks:
            yield blocks, 1 - writer.tables
    elif most > 200:
        for smaller in ladder.pages(source, most // 2):
            yield from _body(smaller, most // 2)
    else:
        yield [_rich(Code(source))], 0


def _rich(*tree: Paragraph | Code | Listing | Grid) -> JsonValue:
    return Writer(tables=0, apart=0).write(tree)[0]


def _grid(one: Table) -> Grid:
    width = len(one.columns)
    rows = [tuple((Run(clean(cell)),) for cell in (*row, *[""] * width)[:width]) for row in one.rows]
    return Grid(tuple((Run(clean(name)),) for name in one.columns), tuple(rows))


def _add_table(made: _Pages, one: Table, card: Card, most: int) -> None:
    said = WORDS[card.language]
    count = f"{len(one.rows):,} / {one.total:,} {said['rows']}" if one.total > len(one.rows) else ""
    title: Json = _context([f"*{escaped(cut(one.title, 200))}* {count}".strip()])
    csv = button(f"csv:{one.file[:16]}", said["csv"], f"{card.question_id} {one.file}", said["csv_hint"])
    after: list[JsonValue] = [{"type": "actions", "elements": [csv]}] if one.file else []
    grid = _grid(one)
    if not one.columns:
        return
    if fits_table(grid) and made.native(grid):
        made.add([title, table(grid), *after], tables=1)
        return
    # Without a table block: in columns or row by row, on as many pages as it takes.
    made.add([title])
    for block in spelled(grid):
        source = plain((block,))
        for piece in ladder.pages(f"```\n{source}\n```", most):
            made.add(Writer(tables=0, apart=0).write(parse(piece)))
    if after:
        made.add(after)


def _further(card: Card, pictures: Mapping[str, str]) -> Iterator[list[JsonValue]]:
    said = WORDS[card.language]
    for chart in card.charts:
        yield [_chart(chart, pictures)]
    for reading in card.readings:
        heading = Paragraph((Run(f"{said['reading']} {clean(reading.name)[:200]}", bold=True),))
        for piece in ladder.pages(clean(reading.text), MOST_WEIGHT // 2):
            yield [_rich(heading, Code(piece))]
        for piece in ladder.pages(clean(reading.description), MOST_WEIGHT // 2):
            label = Run(f"{said['sees']} · {clean(reading.name)[:200]}: ", bold=True)
            yield [_rich(Paragraph((label, Run(piece))))]
    for lines in _remarks(card):
        yield from _small(lines)


def _remarks(card: Card) -> Iterator[list[str]]:
    said = WORDS[card.language]
    for name, lines in (("notices", card.notices), ("looked_for", card.looked_for)):
        if lines:
            yield [f"*{said[name]}*", *(f"• {part}" for line in lines for part in _parts(line))]
    if card.rewritten_query:
        yield [f"*{said['query']}:*", *_parts(card.rewritten_query)]
    if card.citations:
        first = card.citations[:_MOST_SOURCES] if card.kind == "incident" else card.citations
        yield [f"*{said['sources']}*", *(_source(one) for one in first)]
    if card.footer:
        yield _parts(_cost(card.footer, card.language))


def _parts(line: str) -> list[str]:
    return [escaped(part) for part in ladder.pages(clean(line), 1_200, lambda said: len(escaped(said)))]


def _chart(chart: Chart, pictures: Mapping[str, str]) -> JsonValue:
    words = cut(clean(f"{chart.title}: {chart.says}"), 1_100)
    if chart.file not in pictures:
        return _context([f"📈 {_parts(words)[0]}"])
    title: Json = {"type": "plain_text", "text": cut(clean(chart.title), 190) or "—"}
    return {"type": "image", "slack_file": {"id": pictures[chart.file]}, "alt_text": words, "title": title}


def _small(lines: Sequence[str]) -> Iterator[list[JsonValue]]:
    """Lines as small print, in as many blocks as it takes; none is longer than a block."""
    shown = ""
    for line in lines:
        if shown and len(shown) + len(line) + 1 > _MOST_CONTEXT:
            yield [_context([shown])]
            shown = ""
        shown = f"{shown}\n{line}" if shown else line
    if shown:
        yield [_context([shown])]


def _context(texts: Sequence[str]) -> Json:
    elements: list[JsonValue] = [{"type": "mrkdwn", "text": one or "—", "verbatim": True} for one in texts]
    return {"type": "context", "elements": elements}


def _titled(one: Citation) -> str:
    return clean(" › ".join(part for part in (one.title, one.heading) if part))


def _source(one: Citation) -> str:
    quoted = escaped(cut(" ".join(one.quote.split()), 160))
    return f"[{one.number}] {linked(cut(_titled(one), 150), one.link)}" + (f" — “{quoted}”" if quoted else "")


def _cost(footer: Footer, language: Language) -> str:
    tokens = f"{footer.tokens_in:,} + {footer.tokens_out:,} tokens" if footer.tokens_in or footer.tokens_out else ""
    further = [part for part in (tokens, footer.cost or "") if part]
    return " · ".join([footer.model or WORDS[language]["no_model"], f"{footer.seconds:.1f} s", *further])
