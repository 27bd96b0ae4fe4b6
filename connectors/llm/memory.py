"""A model that says what a script says: for tests, for scenarios in a process of their own, and for demonstrations."""

import asyncio
import json
import re
from bisect import bisect_right
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

from connectors.configuration import BadSettings, HomePath
from connectors.llm.port import Level, ModelUnavailable, Piece, Prompt, Reply, T, Usage, estimate_tokens
from connectors.llm.replies import read

Clock: TypeAlias = Callable[[float], Awaitable[None]]
"""Lets so many seconds pass."""


class Line(BaseModel):
    """One line of a script: what is said to a prompt whose instruction or material matches."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: str = ""
    """A regular expression, searched for in the instruction and the material; empty fits every prompt."""
    reply: JsonValue = ""
    """Text to say; anything else is said as JSON."""
    seconds: float = Field(0.0, ge=0)
    """How long saying it takes; a stream spreads it over its pieces."""
    fails: Literal["no", "at once", "midway"] = "no"
    """Whether the model becomes unavailable: instead of the reply, or after half of it."""
    times: int | None = Field(None, ge=1)
    """How often the line may be used before the process ends; unset, always."""

    @field_validator("match")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as mistake:
            raise ValueError(f"no regular expression: {mistake}") from mistake
        return pattern

    @property
    def text(self) -> str:
        """What is said."""
        return self.reply if isinstance(self.reply, str) else json.dumps(self.reply, ensure_ascii=False)


Script: TypeAlias = Sequence[Line] | Callable[[Prompt], Line | str]
"""Lines, of which the first that fits is said; or a function of the prompt."""


class Settings(BaseModel):
    """``[connectors.llm.memory]``. A prompt that nothing fits finds no model, so that rules do the work."""

    replies: list[str] = []
    """Replies to any prompt, one after the other; the last one is repeated."""
    script: HomePath | None = None
    """A file of JSON lines such as `{"match": "disk", "reply": {"query": "disk full"}, "seconds": 2}`, tried first."""
    name: str = "scripted"
    """What answers call it."""
    level: Level = "endpoint"
    """Which rung of the ladder it stands on."""
    context_tokens: int = Field(32_768, ge=1_024)
    """Room for prompt and reply together."""
    vision: bool = False
    """Whether it is given pictures; what it says of them stands in the script as well."""
    price: tuple[float, float, str] | None = None
    """Per million tokens in, per million tokens out, currency."""


class ScriptedModel:
    """Says what the script says, and keeps every prompt it was given in ``prompts``.

    Lines are tried in order, and the first that fits and is not used up is said. When none fits the model is
    unavailable: a scenario scripts the steps it is about, and the others go on by rules.
    """

    def __init__(
        self,
        script: Script = (),
        settings: Settings | None = None,
        *,
        pause: Clock = asyncio.sleep,
        usable: bool = True,
    ) -> None:
        chosen = settings or Settings()
        self.name = chosen.name
        self.level = chosen.level
        self.context_tokens = chosen.context_tokens
        self.sees = chosen.vision
        self.price = chosen.price
        self.usable = usable
        self.prompts: list[Prompt] = []
        self.warmed: list[Prompt] = []
        self._script = script
        self._used: dict[int, int] = {}
        self._pause = pause

    def count_tokens(self, text: str) -> int:
        """An estimate on the high side; see ``estimate_tokens``."""
        return estimate_tokens(text)

    async def ask(self, prompt: Prompt, shape: type[T], max_tokens: int) -> Reply[T]:
        """The scripted value. Raises ModelUnavailable, or ModelNonsense when the line does not fit the shape."""
        line = self._line(prompt)
        await self._pause(line.seconds)
        if line.fails != "no":
            raise ModelUnavailable(f"{self.name} fails as its script says.")
        text = _cut(line.text, max_tokens)
        usage = self._usage(prompt, text, line.seconds)
        return Reply(read(text, shape, usage), usage)

    async def stream(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[Piece, None]:
        """The scripted text, word by word. Raises ModelUnavailable where the line says so."""
        line = self._line(prompt)
        text = _cut(line.text, max_tokens)
        words = re.findall(r"\s*\S+\s*$|\s*\S+", text)
        spoken = {"no": len(words), "midway": (len(words) + 1) // 2, "at once": 0}[line.fails]
        for word in words[:spoken]:
            await self._pause(line.seconds / len(words))
            yield Piece(word)
        if line.fails != "no":
            raise ModelUnavailable(f"{self.name} fails as its script says.")
        yield Piece("", self._usage(prompt, text, line.seconds))

    async def warm(self, prompt: Prompt) -> None:
        """Keep the prompt in ``warmed``."""
        self.warmed.append(prompt)

    def _line(self, prompt: Prompt) -> Line:
        self.prompts.append(prompt)
        if callable(self._script):
            said = self._script(prompt)
            return Line(reply=said) if isinstance(said, str) else said
        for number, line in enumerate(self._script):
            used = self._used.get(number, 0)
            if (line.times is None or used < line.times) and re.search(
                line.match, f"{prompt.instruction}\n{prompt.material}"
            ):
                self._used[number] = used + 1
                return line
        raise ModelUnavailable(f"The script of {self.name} has nothing to say to {prompt.material[:80]!r}.")

    def _usage(self, prompt: Prompt, text: str, seconds: float) -> Usage:
        return Usage(prompt.tokens(estimate_tokens), estimate_tokens(text), seconds, estimated=True)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[ScriptedModel]:
    """The model with its script read. Raises BadSettings naming the line that cannot be used."""
    lines = list(_read(settings.script)) if settings.script else []
    last = len(settings.replies) - 1
    lines += [Line(reply=text, times=None if n == last else 1) for n, text in enumerate(settings.replies)]
    yield ScriptedModel(lines, settings)


def _read(file: Path) -> Iterable[Line]:
    try:
        written = file.read_text(encoding="utf-8").splitlines()
    except OSError as missing:
        raise BadSettings(f"connectors.llm.memory.script: {missing}") from missing
    for number, text in enumerate(written, 1):
        if text.strip():
            try:
                yield Line.model_validate_json(text)
            except ValidationError as mistake:
                raise BadSettings(f"connectors.llm.memory.script: {file}, line {number}: {mistake}") from mistake


def _cut(text: str, max_tokens: int) -> str:
    """As much of the text as a model could write with so many tokens."""
    if estimate_tokens(text) <= max_tokens:
        return text
    ends = [0, *(found.end() for found in re.finditer(r"\S+\s*", text))]
    return text[: ends[bisect_right(ends, max_tokens, key=lambda end: estimate_tokens(text[:end])) - 1]]
