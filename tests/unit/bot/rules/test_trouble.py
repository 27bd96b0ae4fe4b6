"""Which questions tell of trouble, and which ask for what happened before."""

import pytest

from bot.rules.trouble import asks_what_happened_before, tells_of_trouble, without_asking_before


@pytest.mark.parametrize(
    "text",
    [
        "checkout is slow and the pool is exhausted, has this happened before?",
        "have we had 5xx on checkout with no deploy before? what was it",
        "did this ever happen to search?",
        "what did we do last time kafka was full",
        "any similar incidents with northbank",
        "is there a postmortem for the DNS outage",
        "库存差异刚好是两倍，以前出过吗",
        "以前发生过吗",
        "之前有没有遇到过这种情况",
        "有类似的故障吗",
        "上次是怎么修好的",
    ],
)
def test_it_asks_what_happened_before(text: str) -> None:
    assert asks_what_happened_before(text)


@pytest.mark.parametrize(
    "text",
    ["what do I do before a deploy", "check the pool before you restart it", "发布以前要做什么", "how big is it"],
)
def test_before_is_often_something_else(text: str) -> None:
    assert not asks_what_happened_before(text)


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("checkout is slow, has this happened before?", "checkout is slow"),
        ("库存差异刚好是两倍，以前出过吗", "库存差异刚好是两倍"),
        (
            "have we had 5xx on checkout with no deploy before? what was it",
            "5xx on checkout with no deploy before what was it",
        ),
        ("last time?", "last time?"),
    ],
)
def test_what_is_left_describes_what_is_seen(asked: str, left: str) -> None:
    assert without_asking_before(asked) == left


@pytest.mark.parametrize(
    "text",
    [
        "kafka-1 died with No space left on device, how do i get it back",
        "PaymentsPoolExhausted just fired. what now",
        "card provider takes >2s per call, what do i switch on",
        "warehouse cant print labels",
        "支付连接池满了怎么办",
        "顾客收不到确认邮件，日志里全是 452",
        "stock in ningbo is exactly double for a bunch of returned items",
        "三分之一的顾客没有拿到邮件，只有两个分区在涨",
    ],
)
def test_it_tells_of_trouble(text: str) -> None:
    assert tells_of_trouble(text)


@pytest.mark.parametrize(
    "text",
    [
        "how do i mute KafkaConsumerLagHigh for notify-sender for 2 hours",
        "how do we fail over to the frankfurt region",
        "can i just bump the pool to 40 per pod for tonight?",
        "payments pool size",
        "预发和生产的 checkout 调 payments 超时分别是多少",
        "怎么给供应商开采购系统的账号",
        "连接池配置",
    ],
)
def test_a_question_how_to_is_no_trouble(text: str) -> None:
    assert not tells_of_trouble(text)
