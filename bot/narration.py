"""Tells who waits what is being done, then streams the draft; all of it is kept, so a dropped connection loses none."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.vocabulary import Language
from connectors.state.port import Progress

SECONDS_BETWEEN_FRAMES = 0.12
_DOING: dict[str, dict[Language, str]] = {
    "read": {"en": "Reading the picture", "zh": "正在识别图片"},
    "rewrite": {"en": "Understanding the question", "zh": "正在理解问题"},
    "gather": {"en": "Asking the tools", "zh": "正在查询工具"},
    "retrieve": {"en": "Searching the knowledge base", "zh": "正在检索知识库"},
    "judge": {"en": "Checking whether the evidence is enough", "zh": "正在判断证据是否充分"},
    "refine": {"en": "Looking for what is missing", "zh": "正在补充缺失的证据"},
    "diagnose": {"en": "Looking for what is wrong", "zh": "正在排查问题"},
    "answer": {"en": "Writing the answer", "zh": "正在撰写回答"},
}


@dataclass
class Narrator:
    """The progress of one question, written in few frames: text is kept back until enough time has passed."""

    progress: Progress
    question_id: str
    language: Language
    clock: Callable[[], float]
    _waiting: str = field(default="", init=False)
    _last: float = field(default=float("-inf"), init=False)

    async def doing(self, step: str, detail: str = "") -> None:
        """Say which step has begun."""
        text = _DOING[step][self.language] + (f": {detail}" if detail else "")
        await self._write("status", {"step": step, "text": text})

    async def draft(self, text: str) -> None:
        """Add text to the draft."""
        self._waiting += text
        if self.clock() - self._last >= SECONDS_BETWEEN_FRAMES:
            await self.flush()

    async def redraft(self, text: str) -> None:
        """Replace the whole draft: a piece of it did not pass the check, or writing has begun anew."""
        self._waiting = ""
        await self._write("replace", {"text": text})

    async def flush(self) -> None:
        """Write what was kept back."""
        if self._waiting:
            text, self._waiting = self._waiting, ""
            await self._write("append", {"text": text})

    async def _write(self, kind: str, data: dict[str, str]) -> None:
        self._last = self.clock()
        await self.progress.append(self.question_id, kind, json.dumps(data, ensure_ascii=False))
