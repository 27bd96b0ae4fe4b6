"""kill -9 while a chat platform is being answered: every mention is answered once, in one message, and none is lost."""

import json
from pathlib import Path

from connectors.chat.fakes.feishu import Console, Limits, serve
from connectors.chat.fakes.feishu_talk import Said
from connectors.chat.fakes.slack import FakeSlack
from tests.scenarios.answering import answering, until

MENTIONS = 24
QUESTION = "how big is the payments pool in production? ({})"


async def test_slack_is_answered_across_a_crash(tmp_path: Path) -> None:
    async with FakeSlack(retry_seconds=(0, 1, 2)).running() as slack:
        slack.limits.strict = False
        ann = slack.person("ann")
        rooms = [slack.channel(f"room-{number}", [ann]) for number in range(4)]
        table: dict[str, object] = {
            "bot_token": slack.bot_token,
            "app_token": slack.app_token,
            "base_url": slack.api_url,
            "model_seconds": 0.2,
        }

        def answers() -> list[int]:
            threads = (slack.answers(message, ann) for message in said)
            return [sum("40 connections" in one.readable for one in thread) for thread in threads]

        said = []
        async with answering(tmp_path, "slack", table) as first:
            for number in range(MENTIONS):
                said.append(await slack.mention(ann, rooms[number % len(rooms)], QUESTION.format(number)))
                if number == MENTIONS // 2:
                    await until(lambda: sum(answers()) > 2)
                    first.kill()
                    await first.wait()
        async with answering(tmp_path, "slack", table):
            await until(lambda: min(answers()) > 0)

        assert answers() == [1] * MENTIONS
        assert slack.problems() == []


async def test_feishu_is_answered_across_a_crash(tmp_path: Path) -> None:
    limits = Limits(per_chat_second=1000, per_api_second=1000, per_api_minute=100_000)
    async with serve(console=Console(), limits=limits) as feishu:
        ann = feishu.person("Ann")
        rooms = [feishu.chat(f"room-{number}", members=(ann,)) for number in range(4)]
        table: dict[str, object] = {
            "app_id": feishu.console.app_id,
            "app_secret": feishu.console.app_secret,
            "domain": feishu.url,
            "model_seconds": 0.2,
        }

        def answers() -> list[int]:
            threads = (feishu.thread(message) for message in said)
            cards = ([one.card() for one in thread if one.msg_type == "interactive"] for thread in threads)
            return [sum("40 connections" in json.dumps(card) for card in of_one) for of_one in cards]

        said = []
        async with answering(tmp_path, "feishu", table) as first:
            for number in range(MENTIONS):
                room = rooms[number % len(rooms)]
                said.append(await feishu.say(ann, room, QUESTION.format(number), Said(mention=True)))
                if number == MENTIONS // 2:
                    await until(lambda: sum(answers()) > 2)
                    first.kill()
                    await first.wait()
        async with answering(tmp_path, "feishu", table):
            await feishu.advance(20)
            await until(lambda: min(answers()) > 0)

        assert answers() == [1] * MENTIONS
