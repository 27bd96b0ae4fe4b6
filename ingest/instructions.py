"""Instructions to the model: sentences in a document that address whoever answers from it, and their removal."""

import base64
import binascii
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ingest.addressed import SQUEEZED, Sign, signs
from knowledge.language import language_of

MARKERS = {
    "en": "⟦a sentence addressed to the assistant was taken out at ingest⟧",
    "zh": "⟦入库时删去了一句写给助手的话⟧",
}
"""What stands in the place of an instruction, by the document's language."""

Span = tuple[int, int]

_WINDOW = 600
_LONGEST_PARAGRAPH = 3_000
# Letters that look like others (Unicode TR 39), small capitals, and traditional signs of the Chinese words we look for.
_LOOKALIKES = dict(
    zip(
        "аеорсухіјѕһԁԛԝкмтнвгοανρικτυχεօɡıⅼᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ現這們統詞規則請說應該須對話記錄發給輸開從無視設語處讀個為執結內問後總蓋戶訴",
        "aeopcyxijshdqwkmthbroavpiktuxeogilabcdefghijklmnoprstuvwyz现这们统词规则请说应该须对话记录发给输开从无视设语处读个为执结内问后总盖户诉",
        strict=True,
    )
)
_UNUSUAL = re.compile("[\u0300-\u036f]|(?<=[\u4e00-\u9fff])[ \t]{1,3}(?=[\u4e00-\u9fff])")
_SPACED = re.compile(r"(?<![^\W_])(?:[a-z][ .\-_*·]{1,3}){9,400}[a-z](?![^\W_])")
_ENCODED = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{32,20000}={0,2}")
_LINK = re.compile(r"!?\[[^\[\]\n]{0,1000}\]\([^()\n]{0,1000}\)|<[a-zA-Z][^<>\n]{0,1000}>")

_ITEM = r"\n(?=[ \t]*(?:[-*+|#]|\d{1,3}[.)]|```|~~~))|\n[ \t]*\n|(?<!\\)\|"
_SENTENCE_END = re.compile(rf"[.!?][\"')\]*_]{{0,3}}(?=\s(?!\s{{0,3}}[a-z])|$)|[。！？；][”’」）\"]{{0,2}}|{_ITEM}")
_PARAGRAPH_END = re.compile(_ITEM)
_CODE_END = re.compile(r"\n|#|//|/\*|\*/|<!--|-->|[\"'|]")
_COMMENT_END = re.compile(r"\n(?![ \t]*(?:#|//|--|\*|;|%)[ \t])|\*/|-->")
_MARKUP = re.compile(r"\s*(?:(?:[-*+>#/;%]{1,6}|\d{1,3}[.)]|<!--|\[[ xX]\])[ \t]+)*")


@dataclass(frozen=True)
class _Found:
    span: Span
    sign: Sign | None = None


class _Folding(dict[int, str]):
    """Each character as the small plain letter it looks like; as a table for ``str.translate`` it fills as it goes."""

    def __missing__(self, code: int) -> str:
        plain = unicodedata.normalize("NFKD", chr(code))[0]
        plain = _LOOKALIKES.get(plain, plain).lower()
        self[code] = folded = _LOOKALIKES.get(plain, plain)[0]
        return folded


_FOLDING = _Folding()


def without_instructions(text: str, code: Sequence[Span]) -> tuple[str, int]:
    """The text with a marker in the place of each instruction to the model, and how many there were.

    ``code`` says where code lies, in order: there an instruction ends with its comment or string. Takes time in
    proportion to the text, whatever is in it.
    """
    found = list(_instructions(text))
    if not found:
        return text, 0
    spans = _joined(text, _extents(text, sorted(found, key=lambda one: one.span), code))
    marker = MARKERS[language_of(text)]
    kept, position = [], 0
    for start, end in spans:
        kept += [text[position:start], marker]
        position = end
    return "".join([*kept, text[position:]]), len(spans)


def _instructions(text: str) -> Iterator[_Found]:
    folded, places = _folded(text)
    for start, end, sign in _matches(folded):
        span = places[start], places[end - 1] + 1
        if sign.opening is None or sign.opening.match(
            _folded(text[_start(text, span[0], _SENTENCE_END) : span[1] + 60])[0]
        ):
            yield _Found(span, sign)
    for run in _SPACED.finditer(folded):
        if SQUEEZED.search(re.sub(r"[^a-z]", "", run[0])):
            yield _Found((places[run.start()], places[run.end() - 1] + 1))
    for blob in _ENCODED.finditer(text):
        if any(_matches(_folded(_decoded(blob[0]))[0])):
            yield _Found(blob.span())


def _matches(folded: str) -> Iterator[tuple[int, int, Sign]]:
    for sign in signs():
        if any(need in folded for need in sign.needs):
            yield from ((*found.span(), sign) for found in sign.pattern.finditer(folded))


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The text as it reads, and for each of its characters the place in the original."""
    folded = text.translate(_FOLDING)
    left_out = [found.span() for found in _UNUSUAL.finditer(text)]
    if not left_out:
        return folded, range(len(text))
    kept: list[int] = []
    position = 0
    for start, end in left_out:
        kept += range(position, start)
        position = end
    kept += range(position, len(text))
    return "".join(folded[place] for place in kept), kept


def _decoded(blob: str) -> str:
    """What base64 stands for, when that is text; else nothing."""
    standard = blob.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return text if text.isprintable() or "\n" in text else ""


def _extents(text: str, found: Sequence[_Found], code: Sequence[Span]) -> Iterator[Span]:
    starts, done = [first for first, _ in code], 0
    for one in found:
        if one.span[1] > done:
            block = bisect_right(starts, one.span[0]) - 1
            span = _extent(text, one, done, coded=block >= 0 and one.span[0] < code[block][1])
            done = span[1]
            yield span


def _extent(text: str, found: _Found, after: int, *, coded: bool) -> Span:
    """The sentence around what was found, or the comment; more of the paragraph where the sign says so."""
    start, end = found.span
    if found.sign is None:
        return start, end
    ends = _CODE_END if coded else _SENTENCE_END
    first, last = _start(text, start, ends, after), _end(text, end, ends, _WINDOW)
    if found.sign.whole and not (coded and text[last : last + 1] in ("'", '"')):
        last = max(last, _end(text, end, _COMMENT_END if coded else _PARAGRAPH_END, _LONGEST_PARAGRAPH))
        if not coded and text[first:last].rstrip(" \t*_").endswith((":", "：")):
            # What it announces comes in a paragraph of its own.
            below = last + len(text[last : last + _WINDOW]) - len(text[last : last + _WINDOW].lstrip())
            last = _end(text, below, _PARAGRAPH_END, _LONGEST_PARAGRAPH)
    return first, last


def _start(text: str, place: int, ends: re.Pattern[str], after: int = 0) -> int:
    """Where the sentence around a place begins, behind list marks and the like; not before ``after``."""
    window = min(place, max(after, place - _WINDOW))
    first = max(
        (found.end() for found in ends.finditer(text, window, place)), default=place if window > after else window
    )
    markup = _MARKUP.match(text, first, place)
    return markup.end() if markup else first


def _end(text: str, place: int, ends: re.Pattern[str], window: int) -> int:
    """Where it ends: with its full stop, but before a line break or the end of a table's cell."""
    found = ends.search(text, place, place + window)
    if found is None:
        return min(len(text), place + window)
    return found.end() if found[0][0] in ".!?。！？；" else found.start()


def _joined(text: str, spans: Iterable[Span]) -> list[Span]:
    """Spans in order, with what is between them if that is blank, and all of a link or tag that they are part of."""
    links = iter([found.span() for found in _LINK.finditer(text)])
    link = next(links, None)
    joined: list[Span] = []
    for sentence in spans:
        start, end = sentence
        while link and link[0] < end:
            if link[1] > start:
                start, end = min(start, link[0]), max(end, link[1])
            link = next(links, None)
        if joined and not text[joined[-1][1] : start].strip():
            start, former = joined.pop()
            end = max(end, former)
        while end > start and text[end - 1].isspace():
            end -= 1
        joined.append((start, end))
    return joined
