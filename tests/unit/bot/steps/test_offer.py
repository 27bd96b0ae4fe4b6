"""What people are told of a proposal: exactly what would be done, by whom it may be approved, and what became of it."""

from typing import Any

import pytest

from bot.remedy import Looked, Outcome, Proposal
from bot.steps.offer import Stand, became, fenced, offer
from connectors.chat.card_port import Card, Citation
from connectors.remediation.port import Rehearsal
from connectors.state.remedy_port import Execution, Vote
from tests.unit.bot.remedy_room import NOW, action, offered

NAMES = {"ann": "Ann", "bob": "Bob"}
SOURCE = Citation(number=1, document_id="", chunk_id="", title="Heap", heading="", quote="1.9 of 2 GB", link="")


def voted(person: str = "ann", *, approves: bool = True) -> Vote:
    return Vote("proposal-1", person, approves, NOW, "e1")


def shown(of: Proposal | None = None, **stand: Any) -> Card:
    return offer(of or offered(), Stand(**{"names": NAMES, **stand}))


def ran(status: str, **outcome: Any) -> Execution:
    told = Outcome.model_validate({"status": status, "text": "did it", **outcome}).model_dump_json()
    return Execution("proposal-1", "checkout", "restart", status, NOW, NOW, told)  # type: ignore[arg-type]  # one of them


def test_it_says_exactly_what_and_to_what_and_why() -> None:
    dry = Rehearsal(ok=True, text="would restart 3 pods")
    card = shown(offered(rehearsed=dry, undo="Roll back"), citations=(SOURCE,))

    for said in (
        "**Waiting for approval, until 2026-11-20 03:30 UTC.**",
        "**Parameters**: service = checkout",
        "**Target**: checkout (production)",
        "**Why**: The heap of checkout is full. [1]",
        "**Risk**: low",
        "**Rollback**: Roll back",
        "**May approve**: Ann, Bob",
        "```\nwould restart 3 pods\n```",
    ):
        assert said in card.text
    assert (card.kind, card.title, card.tone) == ("proposal", "Proposed: Restart checkout", "warning")
    assert (action().digest in card.folded[0].text, card.citations) == (True, (SOURCE,))


def test_in_chinese() -> None:
    card = shown(offered(language="zh", title="重启 checkout"))

    assert card.title == "处置提议：重启 checkout"
    assert "**风险**：低" in card.text
    assert "可批准的人" in card.text


DECIDED: dict[str, Any] = {"status": "approved", "votes": (voted(),)}
NO, YES = (Looked(because="no request fails", met=met, text="3") for met in (False, True))


@pytest.mark.parametrize(
    ("stand", "title", "tone", "said"),
    [
        pytest.param({"status": "expired"}, "Not carried out: ", "plain", "Nobody decided in time", id="expired"),
        pytest.param(
            {"status": "rejected", "votes": (voted(approves=False),)},
            "Not carried out: ",
            "plain",
            "Rejected by Ann",
            id="rejected",
        ),
        pytest.param(
            {"status": "withdrawn", "said": "Frozen."}, "Not carried out: ", "plain", "Frozen.", id="withdrawn"
        ),
        pytest.param(DECIDED, "Being carried out: ", "plain", "It is about to be carried out.", id="approved"),
        pytest.param(
            DECIDED | {"votes": (voted("nightshift"),)}, "Being", "plain", "by its level of autonomy", id="automatic"
        ),
        pytest.param(
            DECIDED | {"execution": Execution("p", "t", "r", "started", NOW)}, "Being", "plain", "since", id="started"
        ),
        pytest.param(DECIDED | {"execution": ran("done")}, "Done: ", "good", "It is being looked at", id="verifying"),
        pytest.param(
            DECIDED | {"execution": ran("done", verified=True, looked=(YES,), ended_at=NOW)},
            "Done: ",
            "good",
            "all is as it should be.**\n\n- no request fails: yes (3)",
            id="verified",
        ),
        pytest.param(
            DECIDED | {"execution": ran("done", verified=False, looked=(NO,), ended_at=NOW), "undo_offered": True},
            "Done, but not as it should be: ",
            "bad",
            "Taking it back is offered",
            id="not-verified",
        ),
        pytest.param(
            DECIDED | {"execution": ran("failed", ended_at=NOW)}, "Failed: ", "bad", "```\ndid it\n```", id="failed"
        ),
        pytest.param(
            DECIDED | {"execution": ran("unknown", ended_at=NOW)}, "Unknown", "bad", "nobody knows", id="unknown"
        ),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_became_of_it_comes_first(stand: Any, title: str, tone: str, said: str, language: str) -> None:
    card = shown(offered(language=language), **stand)

    assert card.tone == tone
    if language == "en":
        assert card.title.startswith(title)
        assert said in card.text[: card.text.index("**What**")]
        assert said in became(offered(), Stand(**{"names": NAMES, **stand}))


def test_strangers_words_can_do_nothing() -> None:
    evil = "[click](https://evil.example) **now** @channel\n# heading"
    dry = Rehearsal(ok=True, text="```\n[x](https://evil.example)")
    card = shown(offered(why=evil, title=evil, rehearsed=dry), said=evil)

    assert "[click](" not in card.text
    assert "````\n```\n[x]" in card.text
    assert "\n# " not in card.text


def test_what_is_long_is_cut() -> None:
    dry = Rehearsal(ok=False, text="x" * 5000)
    card = shown(offered(rehearsed=dry, approvers=tuple(f"p{n}" for n in range(40)), why="y" * 5000))

    assert len(card.text) < 2000
    assert "34 more" in card.text
    assert "it would fail" in card.text


def test_a_fence_holds_whatever_is_in_it() -> None:
    assert fenced("", 10) == ""
    assert fenced("a ```` b", 100) == "`````\na ```` b\n`````"
    assert fenced("abcdef", 4) == "```\nabc…\n```"
