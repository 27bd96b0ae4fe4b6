"""Conversations as plays: who says what, with the names that people have."""

import re
from collections.abc import Iterable

from connectors.chat.fakes.slack_workspace import Message, Workspace


def transcript(workspace: Workspace, messages: Iterable[Message]) -> str:
    """A conversation as a play: who says what, answers indented."""
    return "\n".join(_line(workspace, one) for one in messages)


def _line(workspace: Workspace, message: Message) -> str:
    indent = "    " if message.thread_ts and message.thread_ts != message.ts else ""
    marks = [mark for held, mark in ((message.ephemeral_to, "only for " + speaker(workspace, message.ephemeral_to)),
                                     (message.edited, "edited"), (message.streaming, "writing")) if held]  # fmt: skip
    head = f"{speaker(workspace, message.user) or message.username or message.bot}"
    head += f" ({', '.join(marks)})" if marks else ""
    body = named(workspace, message.readable).replace("\n", f"\n{indent}  ")
    seen = " ".join(f":{name}: {len(users)}" for name, users in message.reactions.items())
    return f"{indent}{head}: {body}" + (f"\n{indent}  {seen}" if seen else "")


def speaker(workspace: Workspace, user: str) -> str:
    """The name of a person."""
    person = workspace.people.get(user)
    return person.name if person else ""


def named(workspace: Workspace, words: str) -> str:
    """Text with the names of the people who are mentioned."""
    return re.sub(r"<@(\w+)>", lambda found: "@" + (speaker(workspace, found[1]) or found[1]), words)
