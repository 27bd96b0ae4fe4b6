"""Messages of Amazon SNS: signed by Amazon, for topics that are set up, and confirmed for these alone."""

import base64
import datetime as dt
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from connectors.alerts.port import Call, Received, Refused
from connectors.alerts.sns import Settings, connect
from tests.contracts.alert_vendors import NOW, VENDORS

TOPIC = "arn:aws:sns:us-east-1:123456789012:night"
CERTIFICATE = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a1b2c3d.pem"
CONFIRM = f"https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
ALARM = next(vendor.fires for vendor in VENDORS if vendor.name == "sns")
NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def certificate(days: int = 365) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key().public_key())
    began = NOW - dt.timedelta(days=400)
    built = built.serial_number(1).not_valid_before(began).not_valid_after(began + dt.timedelta(days=400 + days))
    return built.sign(key(), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def signed(message: dict[str, Any], names: tuple[str, ...] = NOTIFICATION) -> dict[str, Any]:
    text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    algorithm = hashes.SHA1() if message["SignatureVersion"] == "1" else hashes.SHA256()  # noqa: S303
    return {**message, "Signature": base64.b64encode(key().sign(text.encode(), padding.PKCS1v15(), algorithm)).decode()}


def message(**more: Any) -> dict[str, Any]:
    plain = {
        "Type": "Notification",
        "MessageId": "22b80b92",
        "TopicArn": TOPIC,
        "Subject": 'ALARM: "CheckoutErrors"',
        "Message": json.dumps(ALARM),
        "Timestamp": "2026-11-20T11:59:00.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
    }
    return {**plain, **more}


def confirmation(**more: Any) -> dict[str, Any]:
    asked = message(
        Type="SubscriptionConfirmation", Token="2336412f37", SubscribeURL=CONFIRM, Message="Confirm", **more
    )
    del asked["Subject"]
    return signed(asked, CONFIRMATION)


class Amazon:
    """Shows a certificate and confirms; keeps what it was asked."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response] | None = None) -> None:
        self.asked: list[str] = []
        self._answer = answer or (lambda _: httpx.Response(200, content=certificate()))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        return self._answer(request)


async def received(amazon: Amazon, *bodies: object, **settings: Any) -> Received:
    table = Settings(**{"topics": [TOPIC], **settings})
    found = Received()
    async with connect(table, httpx.MockTransport(amazon)) as receiver:
        for body in bodies:
            headers = {"content-type": "text/plain; charset=UTF-8"}
            found = await receiver.receive(Call(body=json.dumps(body).encode(), headers=headers, received_at=NOW))
    return found


async def refused(amazon: Amazon, body: object, **settings: Any) -> Refused:
    with pytest.raises(Refused) as found:
        await received(amazon, body, **settings)
    return found.value


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_signed_alarm_is_read_and_the_certificate_fetched_once(version: str) -> None:
    amazon = Amazon()
    body = signed(message(SignatureVersion=version))

    (alert,) = (await received(amazon, body, body)).alerts
    assert (alert.name, alert.service, alert.status) == ("CheckoutErrors", "checkout", "firing")
    assert alert.fingerprint == "arn:aws:cloudwatch:us-east-1:123456789012:alarm:CheckoutErrors"
    assert alert.link.startswith("https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2")
    assert amazon.asked == [CERTIFICATE]


@pytest.mark.parametrize(
    "changed",
    [
        {"Message": "{}"},
        {"Signature": "AAAA"},
        {"Signature": "no base64"},
        {"SignatureVersion": "3"},
        {"Type": "Other"},
        {"Timestamp": "2026-11-20T11:58:00.000Z"},
    ],
    ids=str,
)
async def test_a_message_that_was_changed_is_refused(changed: dict[str, str]) -> None:
    assert (await refused(Amazon(), {**signed(message()), **changed})).status == 401


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.us-east-1.amazonaws.com/SimpleNotificationService-0a.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-0a.pem",
        "https://evil.example/SimpleNotificationService-0a.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/SimpleNotificationService-0a.pem",
        "https://sns.us-east-1.amazonaws.com:8443/SimpleNotificationService-0a.pem",
        "https://bucket.s3.amazonaws.com/SimpleNotificationService-0a.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
        "https://sns.us-east-1.amazonaws.com/../mine.pem",
        "",
    ],
)
async def test_a_certificate_comes_from_amazon_s_sns_of_that_region_alone(url: str) -> None:
    amazon = Amazon()

    assert (await refused(amazon, signed(message(SigningCertURL=url)))).status == 401
    assert amazon.asked == []


async def test_another_topic_is_refused_before_anything_is_asked() -> None:
    amazon = Amazon()
    other = TOPIC.replace("night", "day")

    for body in (signed(message(TopicArn=other)), confirmation(TopicArn=other)):
        refusal = await refused(amazon, body)
        assert (refusal.status, refusal.keep) == (401, False)
    assert amazon.asked == []


async def test_a_message_without_a_signature_is_refused_even_when_it_is_raw() -> None:
    assert (await refused(Amazon(), message())).status == 401
    assert (await refused(Amazon(), ALARM)).status == 401


async def test_old_messages_and_old_certificates_are_refused() -> None:
    old = signed(message(Timestamp="2026-11-20T05:00:00.000Z"))
    expired = Amazon(lambda _: httpx.Response(200, content=certificate(-1)))

    assert "too long ago" in (await refused(Amazon(), old)).message
    assert (await refused(expired, signed(message()))).status == 401


async def test_a_subscription_is_confirmed() -> None:
    amazon = Amazon()

    found = await received(amazon, confirmation())
    assert [notice.kind for notice in found.notices] == ["subscription"]
    assert amazon.asked == [CERTIFICATE, CONFIRM]


@pytest.mark.parametrize(
    "url",
    [
        CONFIRM.replace("amazonaws.com", "evil.example"),
        CONFIRM.replace("ConfirmSubscription", "Publish"),
        CONFIRM.replace("night", "day"),
        CONFIRM.replace("https", "http"),
        "",
    ],
)
async def test_what_confirms_something_else_is_not_called(url: str) -> None:
    amazon = Amazon()
    asked = message(Type="SubscriptionConfirmation", Token="2336412f37", SubscribeURL=url)

    assert (await refused(amazon, signed(asked, CONFIRMATION))).status == 422
    assert amazon.asked == [CERTIFICATE]


async def test_a_subscription_that_was_taken_back_is_not_renewed() -> None:
    amazon = Amazon()
    body = signed(message(Type="UnsubscribeConfirmation", Token="1", SubscribeURL=CONFIRM), CONFIRMATION)

    found = await received(amazon, body)
    assert [notice.kind for notice in found.notices] == ["unsubscription"]
    assert amazon.asked == [CERTIFICATE]


@pytest.mark.parametrize(
    "answer", [httpx.Response(500), httpx.Response(302, headers={"location": "https://evil.example"}),
               httpx.Response(200, content=b"x" * 100_000), httpx.Response(200, content=b"no certificate")],
)  # fmt: skip
async def test_while_amazon_cannot_be_asked_it_is_to_be_sent_again(answer: httpx.Response) -> None:
    refusal = await refused(Amazon(lambda _: answer), signed(message()))

    assert (refusal.status, refusal.keep) == (503, True)


async def test_a_network_that_is_down_is_tried_twice() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    amazon = Amazon(away)
    assert (await refused(amazon, signed(message()))).status == 503
    assert len(amazon.asked) == 2


async def test_what_is_no_alarm_is_a_notice() -> None:
    short = json.dumps({**ALARM, "NewStateValue": "INSUFFICIENT_DATA"})

    said = await received(Amazon(), signed(message(Message="Hello")))
    waits = await received(Amazon(), signed(message(Message=short)))
    assert [(notice.kind, notice.text) for notice in (*said.notices, *waits.notices)] == [
        ("other", 'Amazon SNS: ALARM: "CheckoutErrors"'),
        ("update", "Amazon SNS: CheckoutErrors is INSUFFICIENT_DATA"),
    ]


async def test_an_alarm_by_way_of_eventbridge() -> None:
    state = {"value": "OK", "reason": "below", "timestamp": "2026-11-20T11:30:00.000+0000"}
    event = {
        "detail-type": "CloudWatch Alarm State Change",
        "account": "123456789012",
        "resources": [ALARM["AlarmArn"]],
        "detail": {"alarmName": "CheckoutErrors", "state": state},
    }

    (alert,) = (await received(Amazon(), signed(message(Message=json.dumps(event))))).alerts
    assert (alert.status, alert.fingerprint) == ("resolved", ALARM["AlarmArn"])
    assert alert.ended_at == dt.datetime(2026, 11, 20, 11, 30, tzinfo=dt.UTC)
