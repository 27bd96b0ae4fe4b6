"""What people are told of an incident: the verdict first, short, in their language, and nothing in it can act."""

import re
from datetime import timedelta
from typing import Any

import pytest

from bot.rules.verbatim import verbatim
from bot.steps.announce import Told, Word, announce, looking, tone_of
from bot.vocabulary import Evidence
from bot.web.rendering import to_html
from connectors.chat.card_port import Card, Chart, Exhibits
from tests.unit.bot.steps.cases import EVIDENCE, FINDINGS, LEADING, NOW, diagnosis, incident, settled


def told(found: Any = None, of: Any = None, **more: Any) -> Card:
    return announce(of or incident(), found or diagnosis(), Told(**more))


def folded(card: Card, title: str) -> str:
    return next(one.text for one in card.folded if one.title.startswith(title))


def test_the_verdict_comes_first_with_its_sources() -> None:
    first = told().text.split("\n\n")[0]

    assert first == "**Most likely cause**: A deployment of payments broke it since 13:58 UTC. [1][2]"


def test_it_fits_a_screen() -> None:
    assert len(told().text) < 900
    assert told().text.count("\n") < 30


@pytest.mark.parametrize(
    ("outcome", "opening"),
    [
        ("confirmed", "**Cause, confirmed**: A deployment"),
        ("likely", "**Most likely cause**: A deployment"),
        ("inconclusive", "**The cause is not clear yet. Best lead**: A deployment"),
        ("healthy", "**Nothing is wrong**: A deployment"),
    ],
)
def test_how_sure_it_is_stands_in_words(outcome: str, opening: str) -> None:
    assert told(settled(outcome, LEADING)).text.startswith(opening)


def test_without_a_hypothesis_it_says_that_nothing_explains_it() -> None:
    assert told(settled("inconclusive")).text.startswith("**The cause is not clear: nothing was found")


def test_what_is_shown_is_cited_with_its_quote_and_link() -> None:
    first = told().citations[0]

    assert (first.number, first.quote, first.link) == (1, "13:58 payments v42 by ann", "https://deploys.example/")


def test_every_mark_has_its_source() -> None:
    card = told()
    marks = {int(one) for one in re.findall(r"\[(\d+)\]", "".join([card.text, *(one.text for one in card.folded)]))}

    assert marks == {one.number for one in card.citations}


def test_evidence_of_different_kinds_comes_before_more_of_the_same() -> None:
    same = [one.model_copy(update={"id": f"x{n}", "kind": "log", "weight": 0.95}) for n, one in enumerate(FINDINGS[:3])]
    leading = LEADING.model_copy(update={"supports": ("x0", "x1", "x2", "f1")})
    card = told(settled("likely", leading, findings=(*same, *FINDINGS)))

    assert "Errors of checkout rose" in card.text.split("**Evidence**")[1].split("**Next**")[0]


def test_the_rest_is_folded() -> None:
    card = told()

    assert folded(card, "Ruled out") == "- The network is fine [2]"
    assert folded(card, "What could not be checked") == "- Kubernetes did not answer"
    assert "No errors before [2] (held)" in folded(card, "How the cause was tested")


def test_what_could_not_be_checked_is_said_aloud_when_nothing_is_clear() -> None:
    assert "Kubernetes did not answer" in told(settled("inconclusive", LEADING)).notices[0]


def test_it_can_be_confirmed_unless_nothing_is_clear() -> None:
    assert told().cause == "A deployment of payments broke it since 13:58 UTC"
    assert told(settled("healthy", LEADING)).cause == "nothing was wrong"
    assert told(settled("inconclusive", LEADING)).cause == ""


def test_a_persons_word_comes_before_ours_and_can_be_confirmed() -> None:
    card = told(words=(Word("Ann", right=False, cause="a full disk"),))

    assert card.text.startswith("❌ **Ann says it was: a full disk**")
    assert card.cause == "a full disk"


def test_who_confirmed_it_is_named() -> None:
    assert told(words=(Word("Ann", right=True),)).text.startswith("✅ **Confirmed by Ann.**")


def test_what_is_over_says_how_long_it_took() -> None:
    over = incident(status="resolved", resolved_at=NOW + timedelta(hours=2))

    assert "It is over since 2026-11-20 16:10 UTC, after 2 h 8 min." in told(of=over).text
    assert (told(of=over).title, told(of=over).tone) == ("Over: checkout answers with errors", "good")


def test_what_merged_only_leads_to_where_it_goes_on() -> None:
    card = told(of=incident(status="merged", merged_into="INC-9"))

    assert card.text.startswith("This is part of INC-9 and goes on there.")
    assert (card.cause, card.tone, card.folded) == ("", "plain", ())


def test_a_repetition_with_another_cause_says_so() -> None:
    assert (
        "Again, after INC-7, but this time with another cause."
        in told(of=incident(again_of="INC-7", differs=True)).text
    )
    assert "Again, like INC-7." in told(of=incident(again_of="INC-7")).text


def test_alerts_are_counted_and_flapping_is_said() -> None:
    assert "14 alerts, 3 still firing · it comes and goes" in told(of=incident(flapping=True)).text


def test_at_the_deadline_it_says_what_is_known_so_far() -> None:
    card = announce(incident(), None, Told(so_far=FINDINGS, evidence=EVIDENCE, seconds=300))

    assert card.text.startswith(
        "**Still looking, after 5 min.**\n\n**So far**\n\n- 13:58 — payments v42 was deployed [1]"
    )
    assert (card.cause, len(card.citations)) == ("", 3)


def test_a_limit_that_was_reached_and_shadow_mode_are_noticed() -> None:
    card = told(diagnosis(in_time=False), incident(mode="shadow"))

    assert ["shadow mode" in card.notices[0], "limit" in card.notices[1]] == [True, True]


def test_what_it_cost_stands_at_the_end() -> None:
    footer = told().footer

    assert footer is not None
    assert (footer.model, footer.seconds, footer.cost) == ("gpt", 41.2, "0.0300 USD")


def test_chinese_speaks_chinese() -> None:
    card = told(of=incident(language="zh"))

    assert card.text.startswith("**最可能的原因**：")
    assert [one.title[:4] for one in card.folded][:2] == ["全部发现", "对该原因"]
    assert not re.search(r"\b(?:alerts|Evidence|Next|Impact)\b", card.text)


def test_the_chart_comes_with_it() -> None:
    chart = Chart(title="Errors", file="d" * 64, says="They rise.")

    assert told(diagnosis(exhibits=Exhibits(charts=(chart,)))).charts == (chart,)


@pytest.mark.parametrize("severity", ["critical", "error", "warning", "info"])
def test_the_tone_is_as_bad_as_the_alert(severity: str) -> None:
    assert tone_of(incident(severity=severity)) == ("bad" if severity in ("critical", "error") else "warning")


def test_the_marker_says_what_is_looked_into() -> None:
    assert looking(incident()) == "Looking into: CheckoutErrors on checkout"


HOSTILE = "# Big\n[click](https://evil.example) ![x](https://evil/p.png) <https://evil.example> **b** `c` <@U1> [1]"


def hostile() -> Card:
    finding = FINDINGS[0].model_copy(update={"says": HOSTILE, "quote": HOSTILE})
    evil = Evidence(id="tool:rate", kind="tool", title=HOSTILE, text=HOSTILE, link="javascript:alert(1)")
    leading = LEADING.model_copy(update={"says": HOSTILE, "supports": ("f1",)})
    found = settled("likely", leading, findings=(finding,), evidence=(evil,), headline=HOSTILE, impact=HOSTILE,
                    gaps=(HOSTILE,), on_call=HOSTILE)  # fmt: skip
    return told(
        found,
        incident(title=HOSTILE, services=(HOSTILE,), again_of=HOSTILE),
        words=(Word(HOSTILE, right=False, cause=HOSTILE),),
    )


def test_strangers_words_become_no_link_heading_or_picture() -> None:
    card = hostile()
    shown = "".join(to_html(text) for text in (card.text, *(one.text for one in card.folded)))

    assert not re.search(r"<(?:a|h\d|em|code|img)\b", shown)
    assert "<strong>b" not in shown
    assert all(one.link == "" for one in card.citations)


@pytest.mark.parametrize(
    "text", ["# a", "- a", "1. a", "2) a", "> a", "+ a", "===", "* a", "    a", "| a | b |", "~~~"]
)
def test_nothing_opens_a_block(text: str) -> None:
    assert to_html(f"- {verbatim(text, 80)}") == to_html("- x").replace("x", to_html(verbatim(text, 80))[3:-5])


def test_names_stay_as_they_are() -> None:
    assert verbatim("pool_size of api-gateway:v1.2 is 20 %", 80) == "pool_size of api-gateway:v1.2 is 20 %"
