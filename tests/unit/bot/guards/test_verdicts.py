"""What people are told of a decision, in both languages."""

import re
from typing import get_args

import pytest

from bot.guards.verdicts import TOLD, Verdict, entry, told
from connectors.state.remedy_port import Entry
from tests.unit.bot.guards.rulings import NOW, approval, claimed, click, proposal, remedy, ruled, stored, switch, vote

NAMES = {"lei": "雷", "ann": "Ann"}


def test_every_verdict_is_told_in_both_languages_with_the_same_details() -> None:
    fields = {
        language: {verdict: set(re.findall(r"{(\w+)}", said)) for verdict, said in texts.items()}
        for language, texts in TOLD.items()
    }

    assert fields["en"] == fields["zh"]
    assert set(fields["en"]) == set(get_args(Verdict))


RULED = [
    (ruled(), "Approved. It is being carried out now.", "已批准，正在执行。"),
    (
        ruled(by=approval(of=remedy("high")), on=stored(proposal("high")), clicked=click("lei")),
        "Your approval counts: 1 of 2. Somebody else has to approve as well.",
        "你的批准已计入：1/2。还需要其他人批准。",
    ),
    (
        ruled(on=stored(status="approved"), votes=(vote("ann"), vote("lei"))),
        "This was decided already: approved by Ann, 雷 at 2026-11-20 02:59 UTC.",
        "此事已有决定：Ann、雷 于 2026-11-20 02:59 UTC 已批准。",
    ),
    (
        ruled(clicked=click("eve")),
        "You are not entitled to do this (policy: none). Entitled are: nobody.",
        "你没有权限这样做（策略：无）。有权限的人：没有人。",
    ),
    (
        ruled(switches=switch("stop")),
        "雷 has stopped all remedies at 2026-11-20 02:59 UTC. Nothing is approved until that is lifted.",
        "雷 已于 2026-11-20 02:59 UTC 停止所有处置。恢复之前不能批准。",
    ),
    (
        ruled(switches=switch("freeze", "发布冻结")),
        "Changes are frozen (发布冻结) until somebody lifts it.",
        "变更冻结中（发布冻结），直到 有人解除。",
    ),
    (
        ruled(by=approval(of=remedy("critical")), on=stored(proposal("critical")), clicked=click("lei")),
        "This needs your second factor first, because its risk is critical.",
        "风险等级为 极高，请先完成第二重验证。",
    ),
    (
        claimed(votes=()),
        "Not carried out: only 0 of 1 approvals still count.",
        "未执行：需要 1 人批准，目前仍有效的只有 0 人。",
    ),
]


@pytest.mark.parametrize(("ruling", "en", "zh"), RULED, ids=[one[0].verdict for one in RULED])
def test_a_decision_is_told(ruling: object, en: str, zh: str) -> None:
    [one] = ruling.entries  # type: ignore[attr-defined]

    assert (told(one, "en", NAMES), told(one, "zh", NAMES)) == (en, zh)


def test_what_people_are_called_is_never_read_as_a_template() -> None:
    one = entry("refused: frozen", "ann", "p1", NOW, {"name": "{until} {0}", "until": None})

    assert told(one, "en") == "Changes are frozen ({until} {0}) until somebody lifts it."


def test_what_is_no_verdict_says_nothing() -> None:
    assert told(Entry(NOW, "nightshift", "proposed", "p1"), "en") == ""
