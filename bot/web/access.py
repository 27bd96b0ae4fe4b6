"""What a visitor may see: the conversations they take part in."""

from bot.assistant import Assistant
from bot.web.boundary import Refused
from bot.web.login import Visitor
from connectors.state.port import Question


async def own_thread(assistant: Assistant, thread_id: str, who: Visitor) -> tuple[Question, ...]:
    """The questions of a thread, oldest first. Raises Refused with 404 when none of them is the visitor's."""
    questions = await assistant.thread(thread_id)
    if not any(question.author == who.author for question in questions):
        raise Refused(404, "missing", "There is no such conversation of yours.")
    return questions


async def own_question(assistant: Assistant, question_id: str, who: Visitor) -> Question:
    """A question in a thread of the visitor's. Raises Refused with 404."""
    question = await assistant.question(question_id)
    if question is None:
        raise Refused(404, "missing", "There is no such question.")
    if question.author != who.author:
        await own_thread(assistant, question.thread_id, who)
    return question
