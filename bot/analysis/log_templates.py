"""Log templates: what the code that wrote the lines said, with ``<*>`` where its variables stood.

Lines are masked by form, split into words, and grouped by the delimiters between their words (the length groups of
Drain: P. He et al., "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017). In a group a word is a
variable when enough different words stand in its place while the rest of the line stays the same: the bidirectional
search of Brain (S. Yu et al., "Brain: Log Parsing with Bidirectional Parallel Tree", IEEE TSC 2023), asked of one
place, then of two at once, until nothing more joins. Last, templates that differ only in an empty pair of brackets or
in the length of a list are one. That masks shared by all systems serve better than settings for each is found by
Q. Qin et al., "Preprocessing is All You Need: Boosting the Performance of Log Parsers", 2024.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations

from bot.analysis.log_masks import VARIABLE, masked

_DISTINCT = 3
"""So many different words in one place, the rest of the line alike, are values and not wording."""
_DISTINCT_STATES = 8
"""The same for words in capitals: they mostly name states, and which state it is matters."""
_BATCH = 2000
_MOST_CELLS = 100
_MOST_CELLS_IN_PAIRS = 14
_LEARNED = "<+>"
_CELL = "\0"
_PIECES = re.compile(r"""(<\*>)|(\s|[=,;:()\[\]{}"'<>|])|((?:(?!<\*>)[^\s=,;:()\[\]{}"'<>|])+)""")
_SPOKEN = re.compile(r"[^\W\d_]{2}")
_NUMBERED = re.compile(r"\d|<[*+]>")
_STATE = re.compile(r"[A-Z]{2,}(?:_[A-Z]+)*")
_LIST = re.compile(r"<\*>(?:(, ?| )<\*>(?:\1<\*>)*)")
_FILLED = re.compile(r"(?<=[(\[{\"'])<\*>(?=[)\]}\"'])")

_Row = tuple[str, ...]
_Shape = tuple[str, ...]


def templates(texts: Sequence[str]) -> list[str]:
    """The template of each text, in their order; equal templates are equal strings.

    Pure: the same texts give the same templates in any order of theirs, and of more than 2,000 different lines
    of one shape, as many at a time are compared, which bounds time and memory. An empty text has the template ``""``.
    """
    split = {text: _split(masked(text)) for text in dict.fromkeys(texts)}
    by_shape: defaultdict[_Shape, set[_Row]] = defaultdict(set)
    for shape, row in split.values():
        by_shape[shape].add(row)
    merged = {shape: _merge(sorted(rows), shape) for shape, rows in by_shape.items()}
    plain = {text: _joined(shape, merged[shape][row]) for text, (shape, row) in split.items()}
    final = _one_of_each(_one_of_each(dict.fromkeys(plain.values(), ""), _without_slots, 0), _without_lists, 2)
    return [final[plain[text]] for text in texts]


def _split(text: str) -> tuple[_Shape, _Row]:
    shape, row = [], []
    for variable, delimiter, word in _PIECES.findall(text):
        shape.append(delimiter or _CELL)
        if not delimiter:
            row.append(variable or word)
    return tuple(shape), tuple(row)


def _joined(shape: _Shape, row: _Row) -> str:
    cells = iter(row)
    text = "".join(next(cells) if piece == _CELL else piece for piece in shape).replace(_LEARNED, VARIABLE)
    return re.sub(r"(?:<\*>){2,}", VARIABLE, text)


def _merge(rows: Sequence[_Row], shape: _Shape) -> Mapping[_Row, _Row]:
    """What each row of one shape becomes."""
    became: dict[_Row, _Row] = {}
    if len(rows) > 1 and len(rows[0]) <= _MOST_CELLS:
        current: set[_Row] = set()
        roles = _roles(shape)
        batches = -(-len(rows) // _BATCH)
        for start in range(batches):
            current |= _unknown(rows[start::batches], current, became)
            _join_numbered(current, became)
            places = 1
            while places <= 2:
                places = 1 if _join(current, places, roles, became) else places + 1
    return {row: _followed(row, became) for row in rows}


def _followed(row: _Row, became: Mapping[_Row, _Row]) -> _Row:
    while row in became:
        row = became[row]
    return row


def _unknown(rows: Iterable[_Row], known: set[_Row], became: dict[_Row, _Row]) -> set[_Row]:
    """The rows that none of the known covers; of the others it is noted what they become."""
    left = set(rows) - known
    for cells in sorted({tuple(at for at, word in enumerate(row) if word == _LEARNED) for row in known} - {()}):
        covered = {row: key for row in left if (key := _opened(row, cells)) in known}
        became |= covered
        left -= covered.keys()
    return left


def _opened(row: _Row, cells: Iterable[int]) -> _Row:
    key = list(row)
    for cell in cells:
        key[cell] = _LEARNED
    return tuple(key)


def _join_numbered(current: set[_Row], became: dict[_Row, _Row]) -> None:
    """Join rows that differ in words with digits alone."""
    alike: defaultdict[_Row, list[_Row]] = defaultdict(list)
    for row in current:
        alike[_opened(row, (at for at, word in enumerate(row) if _NUMBERED.search(word)))].append(row)
    for rows in alike.values():
        if len(rows) > 1:
            key = _opened(rows[0], (at for at, words in enumerate(zip(*rows, strict=True)) if len(set(words)) > 1))
            current.difference_update(rows)
            current.add(key)
            became |= {row: key for row in rows if row != key}


def _roles(shape: _Shape) -> str:
    """Of each cell: ``k`` a key (a ``=`` follows), ``v`` the value of one, ``-`` neither."""
    found = []
    for at, piece in enumerate(shape):
        if piece == _CELL:
            key, value = shape[at + 1 : at + 2] == ("=",), at > 0 and shape[at - 1] == "="
            found.append("k" if key else "v" if value else "-")
    return "".join(found)


def _join(current: set[_Row], places: int, roles: str, became: dict[_Row, _Row]) -> bool:
    """Join rows that differ in so many places and are values there; whether any were joined."""
    alike: defaultdict[tuple[_Row, tuple[int, ...]], set[_Row]] = defaultdict(set)
    for row in current:
        for cells, key in _keys(row, places):
            alike[key, cells].add(row)
    joined = False
    for (key, cells), rows in sorted(alike.items(), key=lambda item: (-len(item[1]), item[0])):
        left = rows & current
        if len(left) > 1 and all(_varies({row[cell] for row in left}, cell, key, roles) for cell in cells):
            joined = True
            current -= left
            current.add(key)
            became |= {row: key for row in left if row != key}
    return joined


def _keys(row: _Row, places: int) -> Iterable[tuple[tuple[int, ...], _Row]]:
    spoken = {cell for cell, word in enumerate(row) if _SPOKEN.search(word)}
    if places > 1 and (len(spoken) < 4 or len(row) > _MOST_CELLS_IN_PAIRS):
        return
    for cells in combinations(range(len(row)), places):
        if spoken.difference(cells):
            yield cells, _opened(row, cells)


def _varies(words: set[str], cell: int, key: _Row, roles: str) -> bool:
    if roles[cell] == "k" or len(words) < 2:
        return False
    if roles[cell] == "v" or _LEARNED in words or all(map(_NUMBERED.search, words)):
        return True
    if any(_STATE.fullmatch(word) for word in words):
        return len(words) >= _DISTINCT_STATES
    wording = sum(word not in (VARIABLE, _LEARNED) for word in key)
    return len(words) >= (_DISTINCT if wording > 1 else 2 * _DISTINCT)


def _one_of_each(became: Mapping[str, str], form: Callable[[str], str], fewer: int) -> dict[str, str]:
    """Templates of equal form become one: the form itself where it has so many variables fewer, else the fullest."""
    alike: defaultdict[str, set[str]] = defaultdict(set)
    for template, now in became.items():
        alike[form(now or template)].add(now or template)
    final: dict[str, str] = {}
    for short, same in alike.items():
        fullest = max(sorted(same), key=lambda one: one.count(VARIABLE))
        spared = fullest.count(VARIABLE) - short.count(VARIABLE)
        one = fullest if not fewer else short if spared >= fewer else ""
        final |= {template: one or template for template in same} if len(same) > 1 else {}
    return {template: final.get(now or template, now or template) for template, now in became.items()}


def _without_slots(template: str) -> str:
    return _FILLED.sub("", template)


def _without_lists(template: str) -> str:
    return _LIST.sub(VARIABLE, template)
