"""What fits into a prompt is decided by counting."""

from bot.steps.compose import compose, material, shown
from bot.vocabulary import Evidence


def words(text: str) -> int:
    return len(text.split())


def evidence(name: str, text: str, kind: str = "document") -> Evidence:
    return Evidence(id=name, kind=kind, title=name, text=text)  # type: ignore[arg-type]  # kinds as strings


def test_everything_is_numbered_in_order_when_it_fits() -> None:
    numbered = compose([evidence("a", "one two"), evidence("b", "three")], 1000, words)

    assert {n: e.id for n, e in numbered.items()} == {1: "a", 2: "b"}


def test_the_budget_is_never_exceeded_and_cuts_stand_behind_sentences() -> None:
    long = evidence("a", "\n".join(f"Sentence number {n} has exactly seven words." for n in range(100)))

    numbered = compose([long, evidence("b", "more")], 120, words)

    assert sum(words(shown(n, e)) for n, e in numbered.items()) <= 120
    assert numbered[1].text.endswith("words.")


def test_a_failure_is_no_material() -> None:
    assert compose([evidence("metrics", "timeout", kind="failure")], 1000, words) == {}


def test_a_code_block_is_kept_whole_or_left_out() -> None:
    code = "```\n" + "kubectl get pods\n" * 40 + "```"
    numbered = compose([evidence("a", "Look at the pods first.\n" + code)], 60, words)

    assert numbered[1].text == "Look at the pods first."


def test_the_question_comes_last() -> None:
    text = material("how big?", {1: evidence("a", "forty")})

    assert text.startswith("EVIDENCE\n[1] a\nforty")
    assert text.endswith("QUESTION\nhow big?")
