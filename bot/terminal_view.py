"""What a question looks like in a terminal while it is answered, and the card in the end."""

import re
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

from markdown_it import MarkdownIt
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.spinner import Spinner
from rich.table import Table as Grid
from rich.text import Text

from connectors.chat.card_port import Card, Citation, Footer, PictureText, Table, Tone

# ECMA-48: control strings (OSC, DCS, …) with their content, control sequences, two-character escapes; then every other
# control character, and the marks that turn the direction of writing.
_CONTROL = re.compile(
    r"\x1b[PX^_\]].*?(?:\x07|\x1b\\|\x9c|$)|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]",
    re.DOTALL,
)
_FIGURE = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|", re.ASCII | re.IGNORECASE)
_LINES_BESIDE_DRAFT = 4
_LINES_OF_READING = 12
_WORDS = {
    "en": {
        "query": "searched for",
        "sources": "Sources",
        "looked": "Looked for",
        "read": "I read this on",
        "nothing": "There is no text on it.",
        "sees": "The model sees (no evidence)",
        "tokens": "tokens",
        "s": "s",
        "go on": "go on with",
        "rows": "{shown} of {total} rows",
        "all rows": "all of them: ask with --files FOLDER",
        "right": "is it right",
        "wrong": "was it something else",
    },
    "zh": {
        "query": "检索",
        "sources": "来源",
        "looked": "已查找",
        "read": "我读到的文字：",
        "nothing": "图片上没有文字。",
        "sees": "模型看到的内容（不作为证据）",
        "tokens": "令牌",
        "s": "秒",
        "go on": "继续追问",
        "rows": "共 {total} 行，显示前 {shown} 行",
        "all rows": "要全部行，提问时加 --files 文件夹",
        "right": "原因正确",
        "wrong": "原因不是这个",
    },
}
_SIGNS: Mapping[Tone, str] = {"plain": "·", "good": "✓", "warning": "!", "bad": "‼"}
_TONES: Mapping[Tone, str] = {"plain": "bold", "good": "bold green", "warning": "bold yellow", "bad": "bold red"}
_LEVELS = {
    "en": {"endpoint": "large model", "local": "local model", "none": "no model"},
    "zh": {"endpoint": "大模型", "local": "本地模型", "none": "无模型"},
}


def plain(text: str) -> str:
    """Text from a model or a document, unable to steer the terminal."""
    return _CONTROL.sub("", text)


class View:
    """Status and draft while they come (only on a real terminal), then the card."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._status, self._draft = "", ""
        self._live = Live(console=console, transient=True, refresh_per_second=10)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, kind: str, text: str) -> None:
        """One step of progress: a status, more of the draft, or another draft."""
        if kind == "status":
            self._status = plain(text)
        elif kind in ("append", "replace"):
            self._draft = plain(text if kind == "replace" else self._draft + text)
        self._live.update(self._progress())

    def finish(self, card: Card, thread_id: str) -> None:
        """The card in place of the progress, and how to go on from it."""
        self._live.stop()
        self.console.print(rendered(card))
        if thread_id:
            words = _WORDS[card.language]["go on"]
            self.console.print(Text(f"{words}: python -m bot ask --thread {plain(thread_id)} …", style="dim"))

    def _progress(self) -> RenderableType:
        room = max(self.console.height - _LINES_BESIDE_DRAFT, 1)
        tail = Text("\n".join(self._draft.splitlines()[-room:]))
        return Group(Spinner("dots", Text(self._status, style="dim")), tail)


class Prose(Markdown):
    """Markdown that nobody vouches for: links stand where they were written, pictures move no words around."""

    def __init__(self, text: str) -> None:
        super().__init__("", hyperlinks=False)
        # "[1]: https://…" in a quoted document would turn the answer's marks into links of its writer's choice.
        self.parsed = MarkdownIt().enable(["strikethrough", "table"]).disable(["reference", "image"]).parse(text)


def rendered(card: Card) -> RenderableType:
    """The card: what was searched for, the answer, what could not be done, sources, what it cost."""
    words = _WORDS[card.language]
    parts: list[RenderableType] = []
    if card.rewritten_query:
        parts += [Text(f"{words['query']}: {plain(card.rewritten_query)}", style="dim"), Text()]
    if card.title:
        parts += [Text(f"{_SIGNS[card.tone]} {plain(card.title)}", style=_TONES[card.tone]), Text()]
    parts.append(Prose(plain(card.text)))
    for table in card.tables:
        parts += [Text(), Text(plain(table.title), style="bold"), _grid(table), *_extent(table, words)]
    for chart in card.charts:
        parts += [Text(), Text(plain(chart.title), style="bold"), Text(plain(chart.says), style="dim")]
    for reading in card.readings:
        parts += [Text(), *_reading(reading, words)]
    if card.looked_for:
        parts += [Text(), Text(f"{words['looked']}: {plain('; '.join(card.looked_for))}")]
    parts += [Text(f"! {plain(notice)}", style="yellow") for notice in card.notices]
    return Group(*parts, *_behind(card, words))


def _behind(card: Card, words: dict[str, str]) -> Iterator[RenderableType]:
    """What comes behind what everybody has to read."""
    for part in card.folded:
        yield from (Text(), Text(plain(part.title), style="bold"), Prose(plain(part.text)))
    if card.citations:
        yield from (Text(), Text(words["sources"], style="bold"), *(_source(citation) for citation in card.citations))
    if card.link:
        yield from (Text(), Text(plain(card.link), style="dim"))
    if card.kind == "incident":
        yield from _judging(card, words)
    if card.footer:
        yield from (Text(), _cost(card.footer, card.language))


def _judging(card: Card, words: dict[str, str]) -> list[Text]:
    """How to say whether it is right."""
    incident = plain(card.question_id)
    right = [Text(f"{words['right']}: python -m bot incidents right {incident}", style="dim")] if card.cause else []
    return [*right, Text(f"{words['wrong']}: python -m bot incidents wrong {incident} --was …", style="dim")]


def _grid(table: Table) -> Grid:
    grid = Grid(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for place, name in enumerate(table.columns):
        figures = all(_FIGURE.fullmatch(row[place]) for row in table.rows)
        grid.add_column(Text(plain(name)), justify="right" if figures else "left", overflow="fold")
    for row in table.rows:
        grid.add_row(*(Text(plain(cell)) for cell in row))
    return grid


def _extent(table: Table, words: dict[str, str]) -> list[Text]:
    if len(table.rows) >= table.total:
        return []
    said = words["rows"].format(shown=len(table.rows), total=f"{table.total:,}")
    return [Text(f"{said}; {words['all rows']}" if table.file else said, style="dim")]


def _reading(reading: PictureText, words: dict[str, str]) -> list[Text]:
    head = Text(f"{words['read']} {plain(reading.name)}", style="bold")
    seen = f"  {words['sees']}: {plain(reading.description)}"
    return [head, _excerpt(reading.text, words), *([Text(seen, style="dim")] if reading.description else [])]


def _excerpt(text: str, words: dict[str, str]) -> Text:
    lines = [f"  {line}" for line in plain(text).splitlines()] or [f"  {words['nothing']}"]
    left = len(lines) - _LINES_OF_READING
    return Text("\n".join([*lines[:_LINES_OF_READING], *([f"  … (+{left})"] if left > 0 else [])]), style="dim")


def _source(citation: Citation) -> Text:
    place = " › ".join(part for part in (citation.title, citation.heading) if part)
    line = Text(f"[{citation.number}] {plain(place)}")
    return line.append(f"  {plain(citation.link)}", style="dim") if citation.link else line


def _cost(footer: Footer, language: str) -> Text:
    words = _WORDS[language]
    parts = [_LEVELS[language][footer.level], footer.model if footer.level != "none" else ""]
    if footer.tokens_in or footer.tokens_out:
        parts.append(f"{footer.tokens_in} + {footer.tokens_out} {words['tokens']}")
    parts += [f"{footer.seconds:.1f} {words['s']}", footer.cost or ""]
    return Text(" · ".join(plain(part) for part in parts if part), style="dim")
