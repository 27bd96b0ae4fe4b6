"""Feishu calls us: what is the platform's is kept and answered, what is not gets a status and no word."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from connectors.chat.card_port import Card
from connectors.chat.fakes.feishu_clicks import Forged
from connectors.chat.fakes.feishu_terms import Console
from connectors.chat.port import WebRequest
from tests.contracts.feishu_office import MENTION, Office, office

KEYS = {"events": "webhook", "encrypt_key": "key-of-the-events", "verification_token": "token-of-the-events"}


@asynccontextmanager
async def called(settings: Mapping[str, object] = KEYS) -> AsyncIterator[Office]:
    async with office(Console(delivery="webhook", callbacks="webhook"), settings=settings) as desk:

        async def receive(headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
            reply = await desk.chat.receive(WebRequest(headers=headers, body=body))
            return reply.status, reply.body

        desk.feishu.webhook.receiver = receive
        yield desk


async def test_the_address_is_verified() -> None:
    async with called() as desk:
        assert await desk.feishu.webhook.verify()


async def test_a_message_is_kept_before_it_is_answered() -> None:
    async with called() as desk:
        await desk.asked("why?")

        assert [one.text for one in desk.desk.messages] == ["why?"]


async def test_what_could_not_be_kept_is_sent_again() -> None:
    async with called() as desk:
        desk.desk.closed = True
        await desk.feishu.say(desk.ann, desk.room, "why?", MENTION)
        desk.desk.closed = False
        await desk.feishu.advance(15)
        await desk.feishu.settled()

        assert [one.code for one in desk.feishu.deliveries.log] == [200]
        assert [one.text for one in desk.desk.messages] == ["why?"]


async def test_a_click_is_answered_in_the_reply() -> None:
    async with called() as desk:
        to = await desk.asked()
        await desk.chat.post(to, Card(question_id="q1", kind="answer", language="zh", text="满了"), {})
        told = await desk.feishu.click(desk.ann, desk.answers()[0], "👍")

        assert told.toast == {"type": "success", "content": "Thank you."}


async def test_who_has_only_a_user_id_may_click_too() -> None:

    async with called() as desk:
        to = await desk.asked()
        await desk.chat.post(to, Card(question_id="q1", kind="answer", language="zh", text="满了"), {})
        await desk.feishu.click(desk.ann, desk.answers()[0], "👍", Forged(user_id_only=True))

        assert desk.desk.clicks[0].author == f"feishu:user/{desk.ann.user_id}"


@pytest.mark.parametrize(
    ("key", "age"),
    [
        pytest.param("another key", 0, id="another-key"),
        pytest.param(None, 301, id="old"),
        pytest.param("", 0, id="bare"),
    ],
)
async def test_a_forged_call_learns_nothing(key: str | None, age: int) -> None:
    async with called() as desk:
        message = await desk.feishu.say(desk.ann, desk.room, "why?", MENTION)
        await desk.feishu.settled()
        seen = len(desk.desk.messages)
        plain = desk.feishu.deliveries.log[-1].payload()
        at = str(int(desk.feishu.clock.now()) - age)
        answer = await desk.feishu.webhook.call(*desk.feishu.webhook.sealed(plain, key=key, timestamp=at))

        assert answer == (403, b"")
        assert (len(desk.desk.messages), message.deleted) == (seen, False)


async def test_a_chat_with_a_long_connection_takes_no_calls() -> None:
    async with office() as desk:
        reply = await desk.chat.receive(WebRequest(headers={}, body=json.dumps({"type": "url_verification"}).encode()))

        assert (reply.status, reply.body) == (404, b"")
