"""Texts as what is stored and looked up: centred vectors of wholes and sentences, and sparse ones of words."""

from collections.abc import Awaitable, Callable, Sequence

from connectors.embedding.port import Embedding, Parted, Vector
from knowledge import lexical
from knowledge.centring import Means
from knowledge.glossary import Glossary
from knowledge.language import language_of
from knowledge.searching import Form, Legs
from knowledge.sentences import sentence_spans


class Encoder:
    """Turns queries and passages into what the store compares. Every call may raise EmbeddingUnavailable."""

    def __init__(self, embedding: Embedding, glossary: Glossary, means: Callable[[], Awaitable[Means]]) -> None:
        self._embedding = embedding
        self._glossary = glossary
        self._means = means

    async def forms(self, queries: Sequence[str], legs: Legs) -> list[Form]:
        """The queries as they are looked up; all their vectors are made in one call, and none without meaning."""
        words = [lexical.query_vector(query, self._glossary) for query in queries]
        if not legs.meaning:
            return [Form(query, language_of(query), sparse) for query, sparse in zip(queries, words, strict=True)]
        variants = [self.variant(query) if legs.variants else "" for query in queries]
        means = await self._means()
        texts = [*queries, *filter(None, variants)]
        embedded = await self._embedding.embed(texts, "query")
        centred = {text: means.centre(text, vector, "query") for text, vector in zip(texts, embedded, strict=True)}
        return [
            Form(query, language_of(query), sparse, centred[query], centred[variant] if variant else None)
            for query, sparse, variant in zip(queries, words, variants, strict=True)
        ]

    def variant(self, query: str) -> str:
        """A query in the words that pages of the other language have for its terms; empty when none is known."""
        chinese = language_of(query) == "zh"
        return " ".join(word for word in self._glossary.equivalents(query) if word.isascii() == chinese)

    async def passages(self, texts: Sequence[str]) -> list[Parted]:
        """The vector of each passage and of its sentences."""
        if not texts:
            return []
        means = await self._means()
        made = await self._embedding.embed_parts(texts, [sentence_spans(text) for text in texts])

        def centred(text: str, vector: Vector) -> Vector:
            return means.centre(text, vector, "passage")

        return [
            Parted(centred(text, one.whole), tuple(centred(text, part) for part in one.parts))
            for text, one in zip(texts, made, strict=True)
        ]
