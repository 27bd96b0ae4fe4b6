"""Documents and vectors made for measuring: as many as wanted, of the demo's own sentences, with vectors by chance."""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from connectors.embedding.port import Embedding, Parted, Role, Span, Vector
from knowledge.chunk import Chunk, StoredDocument, chunk_id, plain
from knowledge.language import language_of
from knowledge.sentences import sentence_spans

ROOT = Path(__file__).parent.parent.parent
DEMO = ROOT / "deploy" / "demo"
QUESTIONS = ROOT / "tests" / "evals" / "demo" / "questions.jsonl"
DIMENSION = 384
CHUNKS = 4
"""How many chunks a document has."""

# With the line of title and heading, a passage has six parts.
_SENTENCES = 5


class Chance:
    """An embedding that costs next to nothing: unit vectors by chance; queries go to ``queries``, when it is given."""

    def __init__(self, queries: Embedding | None = None) -> None:
        """The vectors are the same in every run."""
        self.identity = "chance"
        self.dimension = DIMENSION
        self._queries = queries
        self._numbers = np.random.default_rng(7)

    async def embed(self, texts: Sequence[str], role: Role) -> list[Vector]:
        """See the port; here equal texts get different vectors."""
        if role == "query" and self._queries:
            return await self._queries.embed(texts, role)
        return self._vectors(len(texts))

    async def embed_parts(self, passages: Sequence[str], parts: Sequence[Sequence[Span]]) -> list[Parted]:
        """See the port."""
        made = (self._vectors(1 + len(spans)) for spans in parts)
        return [Parted(vectors[0], tuple(vectors[1:])) for vectors in made]

    def _vectors(self, count: int) -> list[Vector]:
        numbers = self._numbers.standard_normal((count, DIMENSION))
        vectors: list[Vector] = (numbers / np.linalg.norm(numbers, axis=1, keepdims=True)).tolist()
        return vectors


def documents(first: int, chunks: int) -> Iterator[StoredDocument]:
    """Documents of four chunks from number ``first`` on, every other one Chinese, every tenth for one group alone."""
    for number in range(first, first + chunks // CHUNKS):
        chance = random.Random(number)  # noqa: S311  # data for a benchmark
        language = ("en", "zh")[number % 2]
        own = _SAID[language]
        id = f"made/{number}.md"
        texts = [
            "\n".join([*chance.sample(own, _SENTENCES), f"job_{chance.getrandbits(32):08x}"]) for _ in range(CHUNKS)
        ]
        yield StoredDocument(
            id,
            chance.choice(own)[:80],
            "",
            {"language": language, "kind": "page", "service": f"service-{number % 40}"},
            tuple(Chunk(chunk_id(id, at), id, at, f"Part {at}", text) for at, text in enumerate(texts)),
            readers=("sre",) if number % 10 == 0 else (),
        )


def questions() -> list[str]:
    """What the demo is asked, in both languages."""
    return [str(json.loads(line)["text"]) for line in QUESTIONS.read_text("utf-8").splitlines()]


def write_small_pages(folder: Path, count: int) -> None:
    """Markdown files of one passage each."""
    folder.mkdir(parents=True)
    for document in documents(0, count * CHUNKS):
        file = folder / f"{document.id.removeprefix('made/')}"
        file.write_text(f"# {document.title}\n\n{document.chunks[0].text}\n", encoding="utf-8")


def passages() -> list[str]:
    """Paragraphs of the demo's pages."""
    texts = [part for file in sorted(DEMO.rglob("*.md")) for part in file.read_text("utf-8").split("\n\n")]
    return [text for text in texts if len(text) > 120][:400]


def _sentences() -> dict[str, list[str]]:
    said: dict[str, list[str]] = {"en": [], "zh": []}
    for file in sorted(DEMO.rglob("*.md")):
        text = plain(file.read_text("utf-8"))
        parts = (text[start:end].strip() for start, end in sentence_spans(text))
        for part in parts:
            if 30 <= len(part) <= 200 and "\n" not in part:
                said[language_of(part)].append(part)
    return said


_SAID = _sentences()
