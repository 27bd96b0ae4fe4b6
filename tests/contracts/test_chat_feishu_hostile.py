"""Two hundred hostile answers through Feishu: each arrives, readable and whole, whatever the platform refuses."""

import html
import random
import re
from collections.abc import Iterator, Sequence

from connectors.chat.card_port import Card, Citation, Footer, Table
from connectors.chat.fakes.feishu_cards import check_card
from connectors.chat.fakes.feishu_messages import Message, readable
from connectors.chat.fakes.feishu_terms import Limits
from tests.contracts.feishu_office import office

WORDS = (
    *(
        "pool",
        "latency",
        "连接池",
        "نفد",
        "الاتصال",
        "🔥",
        "👩‍👩‍👧‍👦",
        "𝕏𝔘",
        "<at id=all></at>",
        "**bold",
        "_x",
        "~~",
        "[1]",
    ),
    *("`tick`", "$x", "|", "y", "&", "&lt;", "\\", "#", ">", "-", "1.", ":OK:", "![a](b)"),
)


def said(seed: int, length: int) -> str:
    """Words with a number each, so that a reader can tell that all are there, and in order."""
    chance = random.Random(seed)  # noqa: S311  # nothing secret
    return " ".join(f"{chance.choice(WORDS)} w{seed}x{number}" for number in range(length))


def shapes(seed: int) -> Iterator[str]:
    yield said(seed, 40)
    yield "\n\n".join(said(seed + n, 12) for n in range(1000, 1070))
    yield said(seed, 4500)
    table = "| key | value |\n|---|---|\n"
    yield "\n\n".join(table + "\n".join(f"| t{seed}x{t}x{r} | {'v' * 40} |" for r in range(8)) for t in range(10))
    yield "```python\n" + "\n".join(f"line w{seed}x{n} = '<at id=all></at> `{n}`'" for n in range(900)) + "\n```"
    yield "```\nnever closed\n" + said(seed, 700)
    yield "\n".join(f"{'    ' * (n % 9)}- {said(seed + n, 4)}" for n in range(300))
    yield "> " * 30 + said(seed, 300)
    yield "字" * 9000 + f" w{seed}x0"
    yield "🔥" * 4000 + f" w{seed}x1"
    yield (
        "| "
        + " | ".join(f"w{seed}x{n}" for n in range(120))
        + " |\n"
        + "|---" * 120
        + "|\n"
        + "| "
        + " | ".join("y" * 30 for _ in range(120))
        + " |"
    )
    yield "*" * 8000 + f" w{seed}x2"
    yield f"# w{seed}x0\n\n---\n\n" + "\n\n".join(f"## w{seed}x{n + 1}\n\n1. {said(seed + n, 3)}" for n in range(60))
    yield "\u202e" + said(seed, 60) + "\u2066\x00\ud800"
    yield f"w{seed}x0" + "\n" * 5000 + f"w{seed}x1"
    yield "[" * 3000 + said(seed, 20) + "](http://x" * 300
    yield f"| a |\n|---|\n| {'z' * 30_000} w{seed}x0 |"
    yield "<card>" * 500 + said(seed, 20) + "&#60;" * 500
    yield f"[w{seed}x0](javascript:alert(1)) [w{seed}x1](https://a.b/c_(d)) <https://e.f> ![w{seed}x2](https://g.h/i.png)"
    yield said(seed, 20).replace(" ", "\u200f") + "\t" * 400 + said(seed + 1, 20)


ANSWERS = [(seed, shape, text) for seed in range(10) for shape, text in enumerate(shapes(seed))]
MARK = re.compile(r"[wt]\d+x\d+(?:x\d+)?")


def card(seed: int, shape: int, text: str) -> Card:
    rows = tuple((f"row {n}", "🔥" * 20, "値" * 30) for n in range(40 * (seed % 3)))
    tables = (Table(title="Rows", columns=("a", "b", "c"), rows=rows, total=99, file="f" * 64),) if rows else ()
    quote = "The pool <at id=all></at> is full. " * (40 * (seed % 4))
    sources = [
        Citation(number=n, document_id="d", chunk_id="c", title=f"T{n}", heading="", quote=quote, link="")
        for n in (1, 2, 3)
    ]
    footer = Footer(level="endpoint", model="m", seconds=1.0)
    return Card(
        question_id=f"q{seed}-{shape}", kind="answer", language="zh" if seed % 2 else "en", text=text,
        citations=tuple(sources), rewritten_query="q" * (400 * (seed % 4)) or None, tables=tables, footer=footer,
    )  # fmt: skip


def shown(messages: list[Message]) -> str:
    return html.unescape("\n".join(map(readable, messages)))


def missing(text: str, arrived: str) -> list[str]:
    """The marks of a text that are not found in what arrived, in their order."""
    marks, at = MARK.findall(text), 0
    lost = []
    for mark in marks:
        found = re.compile(re.escape(mark) + r"(?!\d)").search(arrived, at)
        lost += [] if found else [mark]
        at = found.end() if found else at
    return lost


async def sent(answers: Sequence[tuple[int, int, str]], limits: Limits, *, begun: bool) -> dict[str, object]:
    """Send answers; what is wrong with those that did not arrive as they should."""
    wrong: dict[str, object] = {}
    async with office(limits=limits) as desk:
        to = await desk.asked()
        for seed, shape, text in answers:
            before, one = len(desk.answers()), card(seed, shape, text)
            await desk.chat.post(to, one, {}, await desk.chat.begin(to, one.question_id, "…") if begun else "")
            arrived = desk.answers()[before:]
            faults = [fault for message in arrived if message.card() for fault in check_card(message.card(), limits)]
            mentioned = [message for message in arrived if message.mentions]
            lost = missing(text, shown(arrived))
            if faults or mentioned or lost or not arrived:
                wrong[f"{seed}/{shape}"] = (faults[:2], lost[:3], len(arrived))
    return wrong


async def test_two_hundred_hostile_answers_arrive_whole_and_in_order() -> None:
    assert len(ANSWERS) == 200
    assert await sent(ANSWERS, Limits(), begun=True) == {}


async def test_they_arrive_where_hardly_any_card_is_taken() -> None:
    assert await sent(ANSWERS[:40], Limits(elements=3), begun=False) == {}


async def test_they_arrive_where_no_card_is_taken() -> None:
    assert await sent(ANSWERS[20:60], Limits(card_bytes=100), begun=False) == {}
