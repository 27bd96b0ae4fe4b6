"""Centring takes the language out of a vector and leaves the subject."""

import math
from collections.abc import Sequence

import pytest

from connectors.embedding.port import Role, Vector
from knowledge.centring import Means, mean, measure, unpacked
from knowledge.language import language_of


class Biased:
    """Two numbers of subject, and language and role on top, as multilingual encoders have them."""

    identity, dimension = "biased", 4

    async def embed(self, texts: Sequence[str], role: Role) -> list[Vector]:
        return [self.vector(text, role) for text in texts]

    @staticmethod
    def vector(text: str, role: Role) -> Vector:
        about = (0.3, 0.0) if "disk" in text or "磁盘" in text else (0.0, 0.3)
        raw = (*about, 0.8 if language_of(text) == "zh" else -0.8, 0.5 if role == "query" else -0.5)
        length = math.hypot(*raw)
        return tuple(number / length for number in raw)


async def test_the_subject_beats_the_language_only_after_centring() -> None:
    means = await measure(Biased())
    query, same_language, same_subject = "disk is full", "who is on call", "磁盘已满怎么办"

    def near(text: str, *, centred: bool) -> float:
        pair = [Biased.vector(query, "query"), Biased.vector(text, "passage")]
        if centred:
            pair = [means.centre(query, pair[0], "query"), means.centre(text, pair[1], "passage")]
        return sum(a * b for a, b in zip(*pair, strict=True))

    assert near(same_language, centred=False) > near(same_subject, centred=False)
    assert near(same_subject, centred=True) > near(same_language, centred=True)


async def test_means_survive_being_kept() -> None:
    means = await measure(Biased())
    kept = unpacked(means.packed())

    assert all(kept.vectors[kind] == pytest.approx(vector, abs=1e-6) for kind, vector in means.vectors.items())


async def test_centred_vectors_have_length_one() -> None:
    centred = (await measure(Biased())).centre("disk", Biased.vector("disk", "query"), "query")

    assert math.hypot(*centred) == pytest.approx(1)


def test_a_vector_equal_to_the_mean_stays_as_it_is() -> None:
    vector = (0.6, 0.8)
    means = Means({("query", "en"): vector})

    assert means.centre("word", vector, "query") == [0.6, 0.8]


def test_the_mean_is_taken_number_by_number() -> None:
    assert mean([(1.0, 0.0), (0.0, 3.0)]) == [0.5, 1.5]
