"""The rules that settle verdicts, as their readers are told of them."""

from collections.abc import Mapping

from bot.vocabulary import Language

_CHINESE: Mapping[str, str] = {
    "nothing was found": "没有任何发现",
    "independent evidence that survived": "有多种独立证据，并经受住了检验",
    "the alert's condition still holds": "告警条件仍然成立",
    "nothing positive says that all is well": "没有证据明确表明一切正常",
    "too little says that all is well": "说明一切正常的证据不足",
    "something abnormal is still seen": "仍能看到异常",
    "one sign of health against a grave alert": "面对严重告警，只有一个正常的迹象",
    "all is well, and something positive says so": "一切正常，并有明确的证据",
    "no finding names a cause": "没有发现指明原因",
    "every likely cause was refuted": "每个可能的原因都已被推翻",
    "the evidence is too weak": "证据太弱",
    "two causes are as likely": "有两个原因同样可能",
    "one kind of evidence": "只有一种证据",
    "no single finding decides": "没有一项发现足以定论",
    "the evidence is not strong enough": "证据还不够强",
    "something speaks against it": "有证据与之相反",
    "an attack could not be checked": "有一项质疑未能检验",
    "it was not attacked": "尚未经过质疑",
    "another cause is close": "另一个原因的可能性相近",
    "something could not be looked at": "有些情况未能查看",
}


def rule_told(rule: str, language: Language) -> str:
    """The name of a rule in the reader's language; as it is where it has none."""
    return _CHINESE.get(rule, rule) if language == "zh" else rule
