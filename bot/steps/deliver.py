"""Step 11: the card is settled once, and arrives with a receipt."""

from collections.abc import Mapping

from bot.vocabulary import Done
from connectors.chat.port import Card, Chat
from connectors.state.port import Outbox, Question


async def deliver(question: Question, card: Card, chats: Mapping[str, Chat], outbox: Outbox) -> Done:
    """Store the card, post it where its channel is pushed to, and keep the receipt.

    Web and terminal pull: for them the stored card is the delivery. Running this twice delivers once: the card is
    stored only the first time, and ``Chat.post`` promises the same.
    """
    await outbox.settle(question.id, card.model_dump_json())
    chat = chats.get(question.channel)
    if chat is None:
        await outbox.record_delivery(question.id, question.channel, "card", question.id)
        return Done()
    receipt = await chat.post(question.thread_id, card)
    await outbox.record_delivery(question.id, receipt.channel, receipt.rung, receipt.message_id)
    return Done(rung=receipt.rung)
