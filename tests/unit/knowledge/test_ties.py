"""What decides between hits that are as good as equal, and that nothing else is touched by it."""

from knowledge.chunk import Chunk, Hit
from knowledge.ties import ties_broken


def hit(name: str, score: float, date: str = "") -> Hit:
    return Hit(Chunk(name, name, 0, "", ""), name, "", score, {"date": date} if date else {})


def order(*hits: Hit, **standing: int) -> list[str]:
    return [one.title for one in ties_broken(hits, standing)]


def test_a_clear_lead_is_never_lost() -> None:
    assert order(hit("best", 0.9), hit("liked", 0.8, "2026-01-01"), liked=99) == ["best", "liked"]


def test_among_equals_thumbs_decide_then_dates() -> None:
    hits = hit("old", 0.9, "2024-01-01"), hit("undated", 0.899), hit("new", 0.898, "2026-01-01"), hit("liked", 0.897)

    assert order(*hits, liked=1) == ["liked", "new", "old", "undated"]
    assert order(*hits, old=-1)[-1] == "old"


def test_without_anything_to_decide_by_the_order_stays() -> None:
    assert order(hit("a", 0.9), hit("b", 0.899), hit("c", 0.5)) == ["a", "b", "c"]


def test_a_chain_of_near_scores_is_not_one_tie() -> None:
    assert order(hit("a", 0.900), hit("b", 0.896), hit("c", 0.892, "2026-01-01")) == ["a", "b", "c"]
