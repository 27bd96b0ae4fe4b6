"""What a decision on a remedy is called in the audit, and how the person who clicked is told of it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from pydantic import JsonValue

from bot.vocabulary import Language
from connectors.state.remedy_port import Entry

Detail: TypeAlias = Mapping[str, JsonValue]
Verdict: TypeAlias = Literal[
    "approved",
    "approved automatically",
    "vote recorded",
    "rejected",
    "claimed",
    "allowed: rehearse",
    "allowed: probe",
    "allowed: stop",
    "allowed: go",
    "autonomy raised",
    "autonomy lowered",
    "refused: forged",
    "refused: unknown proposal",
    "refused: duplicate",
    "refused: changed",
    "refused: expired",
    "refused: already decided",
    "refused: foreign workspace",
    "refused: unknown person",
    "refused: no longer entitled",
    "refused: own request",
    "refused: policy",
    "refused: stopped",
    "refused: frozen",
    "refused: step-up",
    "refused: already voted",
    "refused: nothing to probe",
    "refused: cooldown",
    "refused: blast radius",
    "refused: target busy",
    "refused: not enough approvals",
    "refused: not automatic",
    "stale: not approved",
    "stale: changed",
    "stale: window over",
]

TOLD: Mapping[Language, Mapping[Verdict, str]] = {
    "en": {
        "approved": "Approved. It is being carried out now.",
        "approved automatically": "Approved by the level of autonomy that was agreed on. It is being carried out now.",
        "vote recorded": "Your approval counts: {have} of {needed}. Somebody else has to approve as well.",
        "rejected": "Rejected. It will not be carried out.",
        "claimed": "It is being carried out.",
        "allowed: rehearse": "The dry run has been started; it changes nothing.",
        "allowed: probe": "It is being looked at, without any change, whether it was carried out.",
        "allowed: stop": "Stopped. No remedy is carried out until somebody who may do so lets them run again.",
        "allowed: go": "Remedies may be carried out again.",
        "autonomy raised": "{remedy} for {service}: the level of autonomy is now “{level}”.",
        "autonomy lowered": "{remedy} for {service}: the level of autonomy is now “{level}”.",
        "refused: forged": "This button was not made by Nightshift, or not for this installation. Nothing was done.",
        "refused: unknown proposal": "There is no such proposal. Nothing was done.",
        "refused: duplicate": "This click has been dealt with already.",
        "refused: changed": "What would be done is not what this button was made for. Ask for a new proposal.",
        "refused: expired": "This proposal expired at {at}. If it is still needed, ask for it again.",
        "refused: already decided": "This was decided already: {status} by {by} at {at}.",
        "refused: foreign workspace": "Only people of this organisation decide on remedies.",
        "refused: unknown person": "Nightshift does not know who you are: nobody of the directory has this account.",
        "refused: no longer entitled": "You are not entitled to decide on this any more; the directory has changed.",
        "refused: own request": "You asked for this yourself, so somebody else has to approve it.",
        "refused: policy": "You are not entitled to do this (policy: {policy}). Entitled are: {who}.",
        "refused: stopped": "{by} has stopped all remedies at {at}. Nothing is approved until that is lifted.",
        "refused: frozen": "Changes are frozen ({name}) until {until}.",
        "refused: step-up": "This needs your second factor first, because its risk is {risk}.",
        "refused: already voted": "You have approved this already ({have} of {needed}); somebody else has to as well.",
        "refused: nothing to probe": "It is known what came of this; there is nothing to find out.",
        "refused: cooldown": "Not carried out: the same was done to {target} just before; possible again at {until}.",
        "refused: blast radius": "Not carried out: it is running at {running} targets already; {most} at most.",
        "refused: target busy": "Not carried out: another remedy is running at {target}.",
        "refused: not enough approvals": "Not carried out: only {have} of {needed} approvals still count.",
        "refused: not automatic": "This is not carried out without an approval: {why}.",
        "stale: not approved": "Not carried out: it is not approved any more ({status}).",
        "stale: changed": "Not carried out: the catalogue's entry, or the proposal, is not what was approved.",
        "stale: window over": "Not carried out: its time was over at {until}.",
    },
    "zh": {
        "approved": "已批准，正在执行。",
        "approved automatically": "已按约定的自主级别批准，正在执行。",
        "vote recorded": "你的批准已计入：{have}/{needed}。还需要其他人批准。",
        "rejected": "已拒绝，不会执行。",
        "claimed": "正在执行。",
        "allowed: rehearse": "演练已开始，不会做任何更改。",
        "allowed: probe": "正在查看它是否已经执行，不会做任何更改。",
        "allowed: stop": "已停止。在有权限的人恢复之前，不会执行任何处置。",
        "allowed: go": "可以重新执行处置了。",
        "autonomy raised": "{service} 的 {remedy}：自主级别现为“{level}”。",
        "autonomy lowered": "{service} 的 {remedy}：自主级别现为“{level}”。",
        "refused: forged": "这个按钮不是由 Nightshift 生成的，或不属于本系统。未做任何操作。",
        "refused: unknown proposal": "没有这个处置提议。未做任何操作。",
        "refused: duplicate": "这次点击已经处理过了。",
        "refused: changed": "将要执行的内容与这个按钮对应的不一致。请重新发起提议。",
        "refused: expired": "该提议已于 {at} 过期。如仍需要，请重新发起。",
        "refused: already decided": "此事已有决定：{by} 于 {at} {status}。",
        "refused: foreign workspace": "只有本组织的成员可以对处置作决定。",
        "refused: unknown person": "Nightshift 不知道你是谁：通讯录中没有使用这个账号的人。",
        "refused: no longer entitled": "通讯录已变更，你不再有权对此作决定。",
        "refused: own request": "这是你自己发起的，必须由其他人批准。",
        "refused: policy": "你没有权限这样做（策略：{policy}）。有权限的人：{who}。",
        "refused: stopped": "{by} 已于 {at} 停止所有处置。恢复之前不能批准。",
        "refused: frozen": "变更冻结中（{name}），直到 {until}。",
        "refused: step-up": "风险等级为 {risk}，请先完成第二重验证。",
        "refused: already voted": "你已经批准过了：{have}/{needed}。还需要其他人批准。",
        "refused: nothing to probe": "结果已经明确，无需再查看。",
        "refused: cooldown": "未执行：不久前刚对 {target} 做过同样的操作；{until} 之后可以再次执行。",
        "refused: blast radius": "未执行：已有 {running} 个目标正在执行，同时最多 {most} 个。",
        "refused: target busy": "未执行：{target} 上正在执行另一项处置。",
        "refused: not enough approvals": "未执行：需要 {needed} 人批准，目前仍有效的只有 {have} 人。",
        "refused: not automatic": "未经批准不会执行：{why}。",
        "stale: not approved": "未执行：它已不再处于批准状态（{status}）。",
        "stale: changed": "未执行：目录条目或提议与批准时不一致。",
        "stale: window over": "未执行：执行时限已于 {until} 结束。",
    },
}
"""Every verdict in both languages; what stands in braces is in the detail of its entry."""

_VALUES: Mapping[str, str] = {
    "approved": "已批准",
    "rejected": "已拒绝",
    "expired": "已过期",
    "withdrawn": "已撤回",
    "pending": "待定",
    "low": "低",
    "medium": "中",
    "high": "高",
    "critical": "极高",
    "propose": "仅提议",
    "one": "一人批准",
    "several": "多人批准",
    "automatic": "自动",
    "its level of autonomy does not say so": "其自主级别不允许",
    "everything is stopped or frozen": "当前已停止或处于变更冻结",
    "it is not what is offered now": "它已不是当前的提议",
    "*": "所有服务",
    "its risk is not low": "其风险等级不是低",
    "it is not idempotent": "它不是幂等的",
    "it was not verified often enough": "验证成功的次数还不够",
    "its budget of the day is used up": "当天的次数已用完",
    "none": "无",
    "nobody": "没有人",
}

_TIMES = frozenset({"at", "until"})
_OPEN: Mapping[Language, str] = {"en": "somebody lifts it", "zh": "有人解除"}


def entry(verdict: Verdict, actor: str, subject: str, at: datetime, detail: Detail) -> Entry:
    """The audit's entry for a verdict."""
    written = json.dumps(dict(detail), ensure_ascii=False, sort_keys=True)
    return Entry(at=at, actor=actor, event=verdict, subject=subject, detail=written)


def told(one: Entry, language: Language, names: Mapping[str, str] | None = None) -> str:
    """What an entry's verdict says to the person who clicked; ``names`` are those of people, by their ids.

    Empty for an entry that is no verdict.
    """
    sentence = {str(verdict): text for verdict, text in TOLD[language].items()}.get(one.event, "")
    detail = json.loads(one.detail)
    said = {key: _said(value, language, names or {}) for key, value in detail.items()}
    return sentence.format_map(said | {key: _clock(detail[key], said[key]) for key in _TIMES & detail.keys()})


def _clock(value: JsonValue, otherwise: str) -> str:
    return (
        f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M} UTC" if isinstance(value, str) else otherwise
    )


def _said(value: JsonValue, language: Language, names: Mapping[str, str]) -> str:
    if isinstance(value, list):
        listed = ("、" if language == "zh" else ", ").join(_said(one, language, names) for one in value)
        return listed or _said("nobody", language, names)
    if value is None:
        return _OPEN[language]
    text = names.get(str(value), str(value))
    return _VALUES.get(text, text) if language == "zh" else text
