"""What holds in one conversation of a chat platform: its language, who may ask there, and what may be shown there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.vocabulary import Language, Scope
from connectors.chat.port import IncomingMessage

EVERYWHERE = "*"


@dataclass(frozen=True)
class Conversation:
    """The rules of a channel or group chat.

    ``readers`` are groups that everybody there belongs to: pages for them may be quoted there. ``askers`` are the
    groups that may ask, all when empty. ``outsiders`` are people of other organisations, who share the channel.
    """

    language: Language | None = None
    readers: tuple[str, ...] = ()
    askers: tuple[str, ...] = ()
    outsiders: bool = False
    scope: Scope = field(default_factory=Scope)


Conversations = Mapping[str, Conversation]
"""By the platform's id of the conversation; ``*`` stands for all others."""

ANYWHERE = Conversation()
"""What holds where nothing is set."""


def rules_for(message: IncomingMessage, conversations: Conversations) -> Conversation:
    """The rules where a message was said; a direct message has those of ``*``."""
    return conversations.get(message.conversation) or conversations.get(EVERYWHERE) or ANYWHERE


def shown_to(message: IncomingMessage, author: Sequence[str], rules: Conversation) -> tuple[str, ...]:
    """The groups whose pages an answer may quote: the author's own, or what all who will read it may read.

    Whoever may read more than a channel asks in a direct message.
    """
    return tuple(author) if message.audience == "author" else rules.readers


def for_all(message: IncomingMessage) -> bool:
    """Whether everybody reads the answer where the message was said."""
    return message.audience == "conversation" and not message.ephemeral


def is_outsider(author: str) -> bool:
    """Whether a platform says that somebody is of another workspace or company: adapters put that before the person."""
    company, slash, _ = author.partition(":")[2].rpartition("/")
    return bool(slash) and company != "user"


def may_ask(author: Sequence[str], rules: Conversation) -> bool:
    """Whether somebody in these groups may ask there."""
    return not rules.askers or not set(rules.askers).isdisjoint(author)
