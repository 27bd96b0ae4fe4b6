"""Makes a follow-up stand alone by rules: what the thread was about, changed by what the new message says."""

import re

from bot.rules.entities import Names, replace_environment
from bot.rules.live import asks_for_all
from bot.vocabulary import Entities, Query

_OPENING = re.compile(
    r"^\W*(?:and|also|but|so|then|or|what about|how about|same|what if|那么?|还有|另外|然后|换成|如果是|同样)(?![a-z])",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(?:it|its|that|this|those|these|they|them|there|the same|above|the (?:first|second|third|last) (?:one|step))\b"
    r"|它|他们|它们|这个|那个|这里|那里|上面|刚才|这些|那些|同样|呢[?？]?$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\s*(?:(?:hi|hey|hello|please|pls|@\S+|<@[^>]+>|你好|您好|请问|麻烦问下|问一下|想问下|大家好)[\s,，:：!！]*)+",
    re.IGNORECASE,
)


def is_follow_up(query: Query, entities: Entities) -> bool:
    """Whether the message leans on its thread: it opens or points like one, or is short and names nothing."""
    if not query.history:
        return False
    text = query.text.strip()
    short = len(text) <= (12 if query.language == "zh" else 40)
    nothing_named = not (entities.services or entities.identifiers or asks_for_all(text))
    return bool(_OPENING.match(text)) or bool(_POINTING.search(text)) or (short and nothing_named)


def leans_on_picture(query: Query, entities: Entities) -> bool:
    """Whether the message leaves it to its pictures to say what it is about: it points, or names nothing itself."""
    nothing_named = not (entities.services or entities.identifiers)
    return bool(query.seen.searches) and (nothing_named or bool(_POINTING.search(query.text)))


def stand_alone(query: Query, entities: Entities, services: Names) -> str:
    """The message as a question that needs no thread. ``entities`` are those of the message itself."""
    text = _GREETING.sub("", query.text.strip()) or query.text.strip()
    if not is_follow_up(query, entities):
        return text
    before = (query.history[-1].rewritten or query.history[-1].asked).rstrip("?？ ")
    rest = _OPENING.sub("", text).strip(" ,，?？。.呢")
    if _only_names_one_thing(rest):
        if len(entities.environments) == 1:
            return replace_environment(before, entities.environments[0])
        former = services(before)
        if len(entities.services) == len(former) == 1 and former[0] in before:
            return before.replace(former[0], entities.services[0])
    return f"{before}; {text}" if query.language == "en" else f"{before}；{text}"


def settled(query: Query, entities: Entities) -> bool:
    """Whether rules make the follow-up stand alone for certain: it only changes the environment or the service."""
    rest = _OPENING.sub("", query.text.strip()).strip(" ,，?？。.呢")
    changed = len(entities.environments) + len(entities.services)
    return is_follow_up(query, entities) and changed == 1 and _only_names_one_thing(rest)


def carried(entities: Entities, before: Entities) -> Entities:
    """Entities of a follow-up: what the thread named stays unless the message names another of its kind."""
    return Entities(
        services=entities.services or before.services,
        environments=entities.environments or before.environments,
        severities=entities.severities or before.severities,
        identifiers=entities.identifiers or before.identifiers,
        window=entities.window or before.window,
    )


def _only_names_one_thing(rest: str) -> bool:
    words = re.sub(r"\b(?:in|on|for|at|the)\b|在|的|环境|里|上", " ", rest, flags=re.IGNORECASE).split()
    return len(words) <= 1
