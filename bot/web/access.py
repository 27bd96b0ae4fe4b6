"""What a visitor may see: the conversations they take part in, here or on a chat platform."""

from bot.assistant import Assistant
from bot.rules.conversations import for_all
from bot.web.boundary import Refused
from bot.web.login import Visitor
from connectors.chat.port import IncomingMessage
from connectors.state.port import Question


async def own_thread(assistant: Assistant, thread_id: str, who: Visitor) -> tuple[Question, ...]:
    """The questions of a thread, oldest first, without those that others were answered alone.

    Raises Refused with 404 when none of them is the visitor's.
    """
    own, questions = await _authors(assistant, who), await assistant.thread(thread_id)
    if not any(question.author in own for question in questions):
        raise Refused(404, "missing", "There is no such conversation of yours.")
    return tuple(one for one in questions if one.author in own or _answered_to_all(one))


async def own_question(assistant: Assistant, question_id: str, who: Visitor) -> Question:
    """A question in a thread of the visitor's. Raises Refused with 404."""
    question = await assistant.question(question_id)
    if question is not None:
        thread = await own_thread(assistant, question.thread_id, who)
        if any(one.id == question_id for one in thread) or question.author in await _authors(assistant, who):
            return question
    raise Refused(404, "missing", "There is no such question.")


async def _authors(assistant: Assistant, who: Visitor) -> frozenset[str]:
    """The names under which a visitor writes: only of somebody whom a proxy has signed in are others known."""
    return frozenset([who.author, *(await assistant.accounts(who.author) if who.login == "proxy" else ())])


def _answered_to_all(question: Question) -> bool:
    return for_all(IncomingMessage.model_validate_json(question.body))
