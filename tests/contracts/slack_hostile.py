"""Two hundred answers that a chat could choke on, the same in every run, and whether people can read them."""

import random
import re
from collections.abc import Iterator, Sequence

from connectors.chat.markdown import Block, Code, Grid, Heading, Listing, Paragraph, Quote, parse

_WORDS = (
    *(
        "pool",
        "full",
        "replica",
        "lag",
        "checkout",
        "latency",
        "the",
        "of",
        "数据库",
        "连接池",
        "عربي",
        "שלום",
        "naïve",
    ),
    *("👩‍💻", "🏳️‍🌈", "𝒳𝒴", "café", "\u200b", "zero\u200dwidth"),
)
_MARKUP = [
    "**",
    "*",
    "`",
    "~~",
    "[",
    "](",
    "<",
    ">",
    "|",
    "#",
    "```",
    "&amp;",
    "<!channel>",
    "<@U1>",
    "@here",
    "\\",
    "_",
]


def answers(count: int = 200) -> Iterator[str]:
    """Markdown of every bad kind: long, deep, broken, in other scripts, full of tables and mentions."""
    kinds = (_tables, _long, _blocks, _deep, _broken, _fences, _word, _scripts, _quotes, _links)
    for number in range(count):
        yield kinds[number % len(kinds)](random.Random(number))  # noqa: S311


def lost(markdown: str, shown: str) -> list[str]:
    """The words of an answer that cannot be found, in order, in what is shown; parts may have been numbered."""
    heap = _bare(re.sub(r"\(\d+/\d+\)", "", shown))
    missing, at = [], 0
    for word in _words(parse(markdown)):
        found = heap.find(word, at)
        if found < 0:
            missing.append(word)
        else:
            at = found + len(word)
    return missing


def _words(tree: Sequence[Block]) -> Iterator[str]:
    for block in tree:
        match block:
            case Heading(runs=runs) | Paragraph(runs=runs):
                yield from _split("".join(run.text for run in runs))
            case Code(text=text):
                yield from _split(text)
            case Quote(blocks=blocks):
                yield from _words(blocks)
            case _:
                yield from _inner(block)


def _inner(block: Block) -> Iterator[str]:
    if isinstance(block, Listing):
        for item in block.items:
            yield from _words(item)
    if isinstance(block, Grid):
        for cell in (cell for row in block.rows for cell in row):
            yield from _split("".join(run.text for run in cell))


def _split(text: str) -> list[str]:
    return [
        bare for word in text.split() for start in range(0, len(word), 40) if (bare := _bare(word[start : start + 40]))
    ]


def _bare(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


def _said(dice: random.Random, count: int) -> str:
    return " ".join(dice.choice(_WORDS) + str(dice.randrange(1000)) for _ in range(count))


def _tables(dice: random.Random) -> str:
    def one() -> str:
        width = dice.choice((1, 3, 8, 25))
        rows = [
            " | ".join(_said(dice, dice.choice((0, 1, 4))) for _ in range(width))
            for _ in range(dice.choice((2, 8, 40)))
        ]
        return "\n".join(
            [f"| {' | '.join(f'c{n}' for n in range(width))} |", "|" + "-|" * width, *(f"| {row} |" for row in rows)]
        )

    return "\n\n".join(f"{_said(dice, 5)}\n\n{one()}" for _ in range(10))


def _long(dice: random.Random) -> str:
    text = "\n\n".join(_said(dice, dice.choice((5, 60, 400))) for _ in range(40))
    return text * 2 if len(text) < 30_000 else text[:60_000]


def _blocks(dice: random.Random) -> str:
    return "\n\n".join(f"## {_said(dice, 3)}\n\n---\n\n{_said(dice, 8)}" for _ in range(70))


def _deep(dice: random.Random) -> str:
    marks = ("-", "1.", "*", "+")
    lines = ["   " * depth + f"{dice.choice(marks)} {_said(dice, 4)}" for depth in range(30)]
    return "\n".join(lines + [f"- {_said(dice, 3)}" for _ in range(20)])


def _broken(dice: random.Random) -> str:
    return "".join(
        dice.choice(_MARKUP) + dice.choice((" ", "", "\n", "\n\n")) + _said(dice, 1)
        for _ in range(dice.choice((50, 600)))
    )


def _fences(dice: random.Random) -> str:
    parts = []
    for _ in range(12):
        fence = dice.choice(("```", "~~~~", "`````"))
        named = dice.choice(("", "sql", "py extra words"))
        parts.append(f"{fence}{named}\n{_said(dice, 40)}\n  <b>&lt;{_said(dice, 3)}\n{fence}")
    return "\n".join(parts) + "\n```\n" + _said(dice, 30)


def _word(dice: random.Random) -> str:
    return _said(dice, 3) + "\n\n" + dice.choice(("x", "数", "😀", "é")) * 20_000 + "\n\n" + _said(dice, 3)


def _scripts(dice: random.Random) -> str:
    signs = (
        *("\u202eمرحبا", "\u2066שלום\u2069", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea"),
        *("𠮷𠮷", "a\u0301\u0323", "\x00\x07", "\ud800"),
    )
    return "\n\n".join(" ".join(dice.choice((*signs, *_WORDS)) + str(n) for n in range(200)) for _ in range(4))


def _quotes(dice: random.Random) -> str:
    return "\n".join(">" * (n % 40) + f" {_said(dice, 6)}" for n in range(120))


def _links(dice: random.Random) -> str:
    targets = (
        "https://a.example/x?y=1&z=<2>",
        "javascript:alert(1)",
        "http://",
        "https://" + "a" * 4_000 + ".example",
        "x y",
    )
    return "\n\n".join(
        f"[{_said(dice, 2)}]({dice.choice(targets)}) ![{_said(dice, 1)}](https://i.example/p.png) [{n}]"
        for n in range(40)
    )
