"""Plays conversations that are written down as text, and writes down what the bot says.

A transcript reads like a chat. Lines that begin with `#` are for the reader; a line that begins with `|` goes on with
the one above it.

    given  : the shelf · no model            what there is; the words are below, in GIVEN
    page   : pool.md › Title › Heading       a document of its own, with its text below
    model  : answers The pool holds 40.      what the scripted model says next when it is asked to answer; also
                                             `sees`, `rewrites`, `judges`, `chooses` and `answers and breaks off`
    picture: shot.png                        a picture, with what stands on it below; with none, nothing reads pictures
    picture: torn.png is broken              a picture that cannot be read
    system : alerts_now (alerts)             a live system's tool and its kind, with what it says below
    system : logs_now (logs) is away         a live system that cannot be asked; why stands below
    ann    : how big is it? [shot.png]       a message, with a picture
    ann    : edits the query: pool size      her last message again, looked up in these words
    ann    : corrects shot.png: PoolTimeout  her last message again, with this as the text of its picture
    bot    > It holds 40 [1].                the golden output

When the bot says something else on purpose: `python -m tests.scenarios.player` writes it into the transcripts (or
into those that are named); the difference is the review.
"""

import asyncio
import hashlib
import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bot.assistant import Assistant, give_up, take_up
from bot.ladder import Ladder
from bot.membership import Membership
from bot.plugin import Plugin
from bot.plugins import live
from bot.plugins.incidents import Incidents
from bot.plugins.live import Live
from bot.plugins.people import People
from bot.plugins.services import Services
from bot.ports import Limits, Ports
from bot.rules.live import Known
from bot.rules.terms import content_terms
from bot.standing import Standing
from bot.steps.prompts import instruction
from bot.toolbox import Toolbox, ToolLimits
from connectors.chat.card_port import Card, PictureText
from connectors.chat.port import Attachment, IncomingMessage
from connectors.configuration import Roots
from connectors.directory.memory import MemoryDirectory
from connectors.directory.port import Directory, DirectoryUnavailable, Duty, Person
from connectors.llm.memory import Line, ScriptedModel, Settings
from connectors.llm.port import LanguageModel, Prompt
from connectors.load import load
from connectors.ocr.port import Ocr
from connectors.state.port import Work
from connectors.tools.memory import MemoryTools
from connectors.tools.memory import Settings as ToolSettings
from connectors.tools.port import Recording, Result, Tool
from knowledge.library import Library, StoredDocument
from knowledge.service_graph import Service, ServiceGraph
from tests.pictures import png
from tests.shelf import INCIDENTS, SHELF, page, shelf

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.txt"))
STARTED = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
GRAPH = ServiceGraph(
    [
        Service(name="payments", aliases={"zh": ["支付"]}, team="payments", depends_on=["postgres-payments"]),
        Service(name="checkout", aliases={"zh": ["结算"]}, team="payments", depends_on=["payments"]),
    ]
)
MAREN, RUOXI = Person("maren", "Maren Holt", "payments", "en"), Person("ruoxi", "沈若溪", "payments", "zh")
ON_CALL = {"payments": Duty("payments", MAREN, RUOXI, datetime(2026, 3, 9, 9, 0, tzinfo=UTC), ("after 15 min: lead",))}
PRIVATE = replace(
    page(
        "audit.md",
        "Payments: refund audit",
        "Findings",
        "The refund audit found that refunds over 500 are not checked.",
    ),
    readers=("payments",),
)
NOTHING_TAKEN = {"type": "object", "properties": {}}
STEPS = ("sees", "rewrites", "varies", "chooses", "judges", "answers")
_ENTRY = re.compile(r"^(\w+) *([:>]) ?(.*)$")
_SAID = re.compile(rf"({'|'.join(STEPS)})( and breaks off)?(?: |\n|$)(.*)", re.DOTALL)
_PICTURES = re.compile(r"\s*\[(\S+\.(?:png|jpg))\]")
_BROKEN = " is broken"
_SYSTEM = re.compile(r"(\w+) \((\w+)\)( is away)?")
_EDIT = "edits the query: "
_CORRECTION = re.compile(r"corrects (\S+): (.*)", re.DOTALL)


class Misprint(Exception):
    """A transcript says something that the player does not understand."""


class BrokenDirectory:
    """A directory that cannot be read."""

    async def people(self) -> list[Person]:
        raise DirectoryUnavailable("oncall.yaml cannot be read (Permission denied).")

    async def on_call(self, team: str, now: datetime) -> Duty | None:
        raise DirectoryUnavailable("oncall.yaml cannot be read (Permission denied).")


@dataclass
class Stage:
    """What a transcript has laid out before its first message, and what its model has left to say."""

    documents: list[StoredDocument] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    directory: Directory | None = None
    progress: bool = False
    vision: bool = False
    script: list[tuple[str, Line]] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    systems: dict[str, MemoryTools] = field(default_factory=dict)

    def lay_out_system(self, head: str, said: str) -> None:
        told = _SYSTEM.fullmatch(head)
        if told is None:
            raise Misprint(f"system {head!r}: its tool, and in brackets its kind")
        name, kind, away = told.groups()
        tool = Tool(name, name.replace("_", " ").capitalize(), "", NOTHING_TAKEN, kind)  # type: ignore[arg-type]  # as written
        recording = Recording(name, {"*": "*"}, Result(said, name))
        shown = ToolSettings(recordings=(recording,), tools=(tool,), unavailable=said if away else "")
        self.systems[name] = MemoryTools(shown)

    def lay_out_picture(self, name: str, text: str) -> None:
        whole = png(name.removesuffix(_BROKEN))
        self.pictures[name.removesuffix(_BROKEN)] = whole[:-30] if name.endswith(_BROKEN) else whole
        self.texts[hashlib.sha256(whole).hexdigest()] = text

    def plugins(self, library: Library) -> tuple[Plugin, ...]:
        return (
            Services(GRAPH),
            *([People(self.directory, GRAPH)] if self.directory else []),
            Incidents(library, GRAPH),
            *([self._live()] if self.systems else []),
        )

    def _live(self) -> Live:
        limits = ToolLimits(attempts=1)
        box = Toolbox(self.systems, Path("unused"), lambda: 0.0, limits)
        return Live(box, Ladder(self.models(), clock=lambda: 0.0), Known(GRAPH.services))

    def models(self) -> list[LanguageModel]:
        described = ({"name": f"the {level} model", "level": level, "vision": self.vision} for level in self.levels)
        return [ScriptedModel(self._says, Settings.model_validate(one)) for one in described]

    def _says(self, prompt: Prompt) -> Line:
        """The first line left for this step; without one the model is unavailable, and the rules go on."""
        fitting = [said for said in self.script if said[0] == asked_for(prompt)]
        if not fitting:
            return Line(fails="at once")
        self.script.remove(fitting[0])
        return fitting[0][1]


def asked_for(prompt: Prompt) -> str:
    """What a prompt asks the model to do; the answer has one prompt for each language and size of model."""
    if prompt.instruction.startswith(live.instruction()):
        return "chooses"
    steps = {"look": "sees", "rewrite": "rewrites", "vary": "varies", "judge": "judges"}
    return next((says for step, says in steps.items() if prompt.instruction.startswith(instruction(step))), "answers")


GIVEN: dict[str, Callable[[Stage], object]] = {
    "the shelf": lambda stage: stage.documents.extend(SHELF),
    "a page for the payments team alone": lambda stage: stage.documents.append(PRIVATE),
    "past incidents": lambda stage: stage.documents.extend(INCIDENTS),
    "no model": lambda stage: stage.levels.clear(),
    "a small local model": lambda stage: stage.levels.append("local"),
    "a large model at an endpoint": lambda stage: stage.levels.append("endpoint"),
    "a large model at an endpoint that sees": lambda stage: (
        stage.levels.append("endpoint"),
        setattr(stage, "vision", True),
    ),
    "the on-call table": lambda stage: setattr(stage, "directory", MemoryDirectory((MAREN, RUOXI), ON_CALL)),
    "an on-call table that cannot be read": lambda stage: setattr(stage, "directory", BrokenDirectory()),
    "progress is shown": lambda stage: setattr(stage, "progress", True),
}


async def replayed(transcript: str) -> str:
    """The transcript with what the bot says now. Raises Misprint."""
    blocks = _blocks(transcript)
    stage = Stage()
    for who, what in (_entry(block) for block in blocks if block[0] == "given"):
        _lay_out(stage, who, what)
    written: list[str] = []
    async with _opened(stage) as assistant:
        talk = Talk(assistant, stage.pictures, progress=stage.progress)
        for kind, lines in blocks:
            if kind == "bot":
                continue
            written += lines
            if kind == "person":
                written += await talk.says(*_entry((kind, lines)))
    if stage.script:
        raise Misprint(f"The model was never asked for: {stage.script[0][1].text!r}")
    return "\n".join(written) + "\n"


def _blocks(transcript: str) -> list[tuple[str, list[str]]]:
    """Runs of lines that belong together: a line with what goes on below it, or all that the bot says at once."""
    found: list[tuple[str, list[str]]] = []
    for line in transcript.splitlines():
        if line.lstrip().startswith("|") and found:
            found[-1][1].append(line)
            continue
        match = _ENTRY.match(line)
        if match is None and line.strip() and not line.startswith("#"):
            raise Misprint(f"Neither a speaker nor a remark: {line!r}")
        if match is None:
            kind = "remark"
        elif match[2] == ">":
            kind = "bot"
        else:
            kind = "given" if match[1] in ("given", "page", "picture", "system", "model") else "person"
        found.append((kind, [line]))
    return found


def _entry(block: tuple[str, list[str]]) -> tuple[str, str]:
    head, *more = block[1]
    match = _ENTRY.match(head)
    assert match is not None
    return match[1], "\n".join([match[3], *(line.lstrip()[1:].removeprefix(" ") for line in more)])


def _lay_out(stage: Stage, who: str, what: str) -> None:
    head, _, text = what.partition("\n")
    match who:
        case "given":
            for words in what.split(" · "):
                if words not in GIVEN:
                    raise Misprint(f"given {words!r}: there is only {', '.join(GIVEN)}")
                GIVEN[words](stage)
        case "page":
            stage.documents.append(page(*head.split(" › "), text))
        case "picture":
            stage.lay_out_picture(head, text)
        case "system":
            stage.lay_out_system(head, text)
        case _:
            said = _SAID.match(what)
            if said is None:
                raise Misprint(f"model {what!r}: it {', '.join(STEPS)}")
            stage.script.append((said[1], Line(reply=said[3], fails="midway" if said[2] else "no")))


@asynccontextmanager
async def _opened(stage: Stage) -> AsyncIterator[Assistant]:
    roots = Roots(home=Path("unused"), models=Path("unused"))
    async with (
        load("state", "memory", {}, roots) as state,
        load("ocr", "memory", {"texts": stage.texts}, roots) as reader,
        shelf(stage.documents) as library,
    ):
        ocr: Ocr | None = reader if stage.pictures else None
        ports = Ports(
            state=state,
            library=library,
            ladder=Ladder(stage.models(), clock=lambda: 0.0),
            plugins=stage.plugins(library),
            chats={},
            services=GRAPH.mentioned,
            terms=content_terms,
            limits=Limits(
                rounds=2,
                seconds=60,
                evidence_tokens=2000,
                local_evidence_tokens=900,
                output_tokens=500,
                local_output_tokens=200,
                hits=5,
            ),
            clock=lambda: 0.0,
            standing=Standing(state, lambda: 0.0),
            membership=Membership(stage.directory),
            ocr=ocr,
        )
        await state.start({"answer": Work(partial(take_up, ports=ports), partial(give_up, ports=ports))})
        yield Assistant(state=state, library=library)


@dataclass
class Talk:
    """One thread, a minute between its messages."""

    assistant: Assistant
    pictures: Mapping[str, bytes]
    progress: bool
    sent: int = 0
    last: str = ""
    attached: tuple[Attachment, ...] = ()

    async def says(self, author: str, what: str) -> list[str]:
        """Send a message; the lines of the bot's reply."""
        query = what.removeprefix(_EDIT) if what.startswith(_EDIT) else None
        if corrected := _CORRECTION.match(what):
            self.attached = tuple(_corrected(one, corrected[1], corrected[2]) for one in self.attached)
        elif not query:
            self.last = _PICTURES.sub("", what).strip()
            self.attached = tuple([await self._attached(author, name) for name in _PICTURES.findall(what)])
        self.sent += 1
        message = IncomingMessage(
            event_id=f"event-{self.sent}",
            channel="web",
            thread_id="thread",
            author=author,
            text=self.last,
            sent_at=STARTED + timedelta(minutes=self.sent),
            query=query,
            attachments=self.attached,
        )
        question_id, _ = await self.assistant.on_message(message)
        frames = [frame async for frame in self.assistant.follow(question_id)]
        doing = [f"… {json.loads(frame.data)['text']}" for frame in frames if frame.kind == "status"]
        said = shown(Card.model_validate_json(frames[-1].data)).replace(question_id, "(id)")
        return [f"bot    > {line}".rstrip() for line in [*(doing if self.progress else []), *said.splitlines()]]

    async def _attached(self, author: str, name: str) -> Attachment:
        content = self.pictures.get(name, png(name))
        return Attachment(name=name, digest=await self.assistant.keep_picture(author, content, STARTED))


def _corrected(attachment: Attachment, name: str, text: str) -> Attachment:
    return attachment.model_copy(update={"text": text}) if attachment.name == name else attachment


def shown(card: Card) -> str:
    """A card as text: everything on it but times and tokens, which are not the same in every run."""
    lines = [card.text]
    lines += [_source(one.number, [one.title, one.heading], one.quote, one.link) for one in card.citations]
    lines += [f"Searched as: {card.rewritten_query}"] if card.rewritten_query else []
    lines += [f"Looked for: {'; '.join(card.looked_for)}"] if card.looked_for else []
    lines += [f"Note: {notice}" for notice in card.notices]
    lines += [_read(reading) for reading in card.readings]
    if card.footer:
        writer = card.footer.model or "no model"
        rounds = {0: "", 1: ", 1 round"}.get(card.footer.rounds, f", {card.footer.rounds} rounds")
        return "\n".join([*lines, f"({card.kind}, {writer}{rounds})"])
    return "\n".join([*lines, f"({card.kind})"])


def _read(reading: PictureText) -> str:
    said = " ".join(reading.text.split())
    seen = f" · the model sees (no evidence): “{reading.description}”" if reading.description else ""
    return f"{'Corrected' if reading.corrected else 'Read'} on {reading.name}: “{said}”{seen}"


def _source(number: int, path: list[str], quote: str, link: str) -> str:
    said = " ".join(quote.split())
    return f"[{number}] {' › '.join(part for part in path if part)}: “{said}” {link}".rstrip()


def rewrite(files: list[Path]) -> None:
    """Write what the bot says now into the transcripts, and name those that changed."""
    for file in files:
        before = file.read_text(encoding="utf-8")
        after = asyncio.run(replayed(before))
        if after != before:
            file.write_text(after, encoding="utf-8")
            sys.stdout.write(f"{file.name} changed\n")


if __name__ == "__main__":
    rewrite([Path(name) for name in sys.argv[1:]] or FILES)
