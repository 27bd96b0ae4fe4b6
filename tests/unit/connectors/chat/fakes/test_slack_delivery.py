"""How the fake delivers: in three seconds or again, twice, out of order, signed."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator

import pytest

from connectors.chat.fakes.slack import FakeSlack
from connectors.chat.port import WebReply, WebRequest
from tests.contracts.slack_listener import Clock, Listener, listening

Desk = tuple[FakeSlack, Listener, Clock]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with listening() as opened:
        yield opened


async def test_a_mention_comes_as_two_events_with_ids_of_their_own(desk: Desk) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")

    await slack.mention(ann, slack.channel("ops", [ann]), "why 502?")
    await slack.settled()

    assert listener.kinds() == ["message", "app_mention"]
    assert len({body["event_id"] for body in listener.bodies}) == 2
    assert len({event["ts"] for event in listener.events}) == 1


async def test_calls_are_signed(desk: Desk) -> None:
    slack, listener, clock = desk

    await slack.tell(slack.person("ann"), "hello")
    await slack.settled()

    (request,) = listener.requests
    signed = f"v0:{int(clock.now)}:".encode() + request.body
    expected = "v0=" + hmac.new(slack.signing_secret.encode(), signed, hashlib.sha256).hexdigest()
    assert request.headers["x-slack-signature"] == expected
    assert "x-slack-retry-num" not in request.headers


async def test_what_is_refused_comes_again_three_times(desk: Desk) -> None:
    slack, listener, clock = desk
    listener.reply = WebReply(status=503)

    await slack.tell(slack.person("ann"), "hello")
    for wait in (0, 60, 300, 3_600):
        await slack.settled()
        clock.now += wait
        await slack.pump()
    await slack.settled()

    tries = [request.headers.get("x-slack-retry-num") for request in listener.requests]
    assert tries == [None, "1", "2", "3"]
    assert listener.requests[1].headers["x-slack-retry-reason"] == "http_error"
    assert {body["event_id"] for body in listener.bodies} == {listener.bodies[0]["event_id"]}
    assert slack.deliveries[0].state == "lost"


async def test_an_answer_after_three_seconds_is_none() -> None:
    clock, late = Clock(), asyncio.Event()
    slack = FakeSlack(clock, pump_seconds=None)

    async def slow(request: WebRequest) -> WebReply:
        if b"url_verification" not in request.body:
            await late.wait()
        return WebReply(body=request.body)

    await slack.subscribe_calls(slow)
    await slack.tell(slack.person("ann"), "hello")
    clock.now += 2.9
    await slack.pump()
    assert slack.deliveries[0].state == "sent"

    clock.now += 0.2
    await slack.pump()

    assert slack.deliveries[0].attempts == ["timeout"]
    await slack.stop()


async def test_double_disordered_and_repeated_deliveries(desk: Desk) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")

    slack.hold()
    first, second = await slack.tell(ann, "first"), await slack.tell(ann, "second")
    await slack.settled()
    assert listener.events == []
    await slack.release(reverse=True)
    await slack.settled()
    await slack.deliver_twice(first)
    await slack.redeliver(second)
    await slack.settled()

    assert [event["text"] for event in listener.events] == ["second", "first", "first", "second"]
    assert listener.requests[3].headers["x-slack-retry-num"] == "1"


async def test_an_interaction_is_never_sent_again(desk: Desk) -> None:
    slack, listener, clock = desk
    ann = slack.person("ann")
    listener.reply = WebReply(status=500)

    answer = await slack.slash(ann, slack.channel("ops", [ann]), "/nightshift", "why?")
    clock.now += 600
    await slack.pump()

    assert not answer.ok
    assert len(listener.requests) == 1


async def test_nobody_listens() -> None:
    clock = Clock()
    slack = FakeSlack(clock, pump_seconds=None)

    await slack.tell(slack.person("ann"), "hello")

    assert slack.deliveries[0].attempts == ["connection_failed"]
    assert slack.deliveries[0].state == "waiting"


async def test_a_url_that_does_not_answer_the_challenge_is_not_taken() -> None:
    async def deaf(_: WebRequest) -> WebReply:
        return WebReply(body=b"hello")

    with pytest.raises(ValueError, match="challenge"):
        await FakeSlack(Clock(), pump_seconds=None).subscribe_calls(deaf)


async def test_what_is_not_subscribed_does_not_come(desk: Desk) -> None:
    slack, listener, _ = desk
    ann = slack.person("ann")
    slack.app.subscriptions.discard("message.channels")

    await slack.mention(ann, slack.channel("ops", [ann]), "why?")
    await slack.mention(ann, slack.channel("elsewhere", [ann], with_bot=False), "why?")
    await slack.settled()

    assert listener.kinds() == ["app_mention"]


async def test_very_many_events_take_no_more_room() -> None:
    slack = FakeSlack(Clock(), pump_seconds=None)
    ann = slack.person("ann")
    ops = slack.channel("ops", [ann], with_bot=False)

    for number in range(2_100):
        await slack.say(ann, ops, f"message {number}")

    assert len(slack.messages(ops)) == 2_000
    assert slack.messages(ops)[-1].text == "message 2099"
