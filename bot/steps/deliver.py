"""Step 11: the card is settled once, and arrives with a receipt."""

from collections.abc import Mapping

from bot.steps.wording import BEGUN
from bot.vocabulary import Begun, Done
from connectors.chat.card_port import Card
from connectors.chat.port import Chat, ChatUnavailable, IncomingMessage, Recipient, Undeliverable
from connectors.state.port import Question, State


async def begin(question: Question, chats: Mapping[str, Chat], text: str) -> Begun:
    """Show in the thread that work has begun, where the channel is pushed to. What the platform refuses is left out."""
    chat = chats.get(question.channel)
    if chat is None:
        return Begun()
    try:
        return Begun(message_id=await chat.begin(recipient(question), question.id, text))
    except (ChatUnavailable, Undeliverable):
        return Begun()


async def deliver(
    question: Question, card: Card, chats: Mapping[str, Chat], state: State, begun: str | None = None
) -> Done:
    """Store the card, post it where its channel is pushed to, and keep the receipt.

    It takes the place of the message that was ``begun``; None: of the one that shows in the thread that work has begun.
    Web and terminal pull: for them the stored card is the delivery. Running this twice delivers once: the card is
    stored only the first time, what is stored is posted, and by one at a time; ``Chat.post`` promises the same.
    """
    await state.settle(question.id, card.model_dump_json())
    chat = chats.get(question.channel)
    if chat is None:
        await state.record_delivery(question.id, question.channel, "card", question.id)
        return Done()
    if not await state.claim(question.id):
        # Whoever is posting it keeps the receipt.
        return Done()
    try:
        settled = await state.question(question.id)
        if settled and settled.card:
            card = Card.model_validate_json(settled.card)
        if begun is None:
            begun = (await begin(question, chats, BEGUN[card.language])).message_id
        receipt = await chat.post(recipient(question), card, await files(card, question.author, state), begun)
        await state.record_delivery(question.id, receipt.channel, receipt.rung, receipt.message_id)
    finally:
        await state.release(question.id)
    return Done(rung=receipt.rung)


def recipient(question: Question) -> Recipient:
    """Where the answer to a stored message goes."""
    message = IncomingMessage.model_validate_json(question.body)
    return Recipient(
        thread_id=message.thread_id,
        author=message.author,
        event_id=message.event_id,
        ephemeral=message.ephemeral,
    )


async def files(card: Card, author: str, state: State) -> Mapping[str, bytes]:
    """The pictures of a card's charts, by their digests."""
    found = [await state.attachment(author, chart.file) for chart in card.charts]
    return {one.digest: one.content for one in found if one}
