"""What of a growing draft is kept, as a small model writes it and as a large one does."""

import pytest

from bot.guards.summing import Summing
from bot.rules.terms import content_terms
from bot.steps.answer import Draft
from bot.vocabulary import Evidence

PAGE = Evidence(
    id="p",
    kind="document",
    title="Mail queue is growing",
    text="""At 90 % the relay answers 421 and the workers wait.
Most mails leave within 20 s.

Pause the campaign sender:

```sh
mailctl pause campaigns
```""",
)
QUOTED = Evidence(id="q", kind="document", title="Mail", text="The passage that is quoted below the answer.")
CODE = "```sh\nmailctl pause campaigns\n```"


def draft(*, small: bool) -> Draft:
    summing = Summing("why is mail late?", (QUOTED, PAGE), content_terms) if small else None
    return Draft({1: PAGE}, content_terms, summing=summing)


def written(text: str, *, small: bool = True) -> list[str]:
    found = draft(small=small)
    found.grow(text)
    found.finish()
    return [claim.text for claim in found.claims]


def test_a_fragment_is_shown_whole_at_once() -> None:
    found = draft(small=True)

    assert not found.grow("The relay answers 421 and the workers wait [1]. Then")
    assert found.text == "At 90 % the relay answers 421 and the workers wait.\nThen"


def test_a_whole_sentence_is_shown_as_it_was_written() -> None:
    assert draft(small=True).grow("At 90 % the relay answers 421 and the workers wait [1]. Then")


def test_a_large_models_sentences_are_its_own() -> None:
    text = "The relay answers 421 and the workers wait. The relay answers 421."

    assert written(text, small=False) == ["The relay answers 421 and the workers wait.", "The relay answers 421."]
    assert written(text) == ["At 90 % the relay answers 421 and the workers wait."]


def test_the_fuller_sentence_stands_where_the_shorter_one_stood() -> None:
    full = "At 90 % the relay answers 421 and the workers wait."

    assert written(f"At 90 % the relay answers 421. Most mails leave within 20 s. {full}") == [
        full,
        "Most mails leave within 20 s.",
    ]


@pytest.mark.parametrize(
    ("lead_in", "kept"),
    [("Pause the sender:", ["Pause the sender:", CODE]), ("Empty the mail queue:", [CODE])],
    ids=["its-purpose", "another-purpose"],
)
def test_code_is_led_in_by_its_purpose_or_by_nothing(lead_in: str, kept: list[str]) -> None:
    assert written(f"{lead_in}\n{CODE}\n") == kept


def test_what_was_dropped_is_counted() -> None:
    found = draft(small=True)
    found.grow("The relay is out of disk space [1].\nMail queue is growing [1].\n")

    assert (found.claims, found.dropped) == ([], 2)
