"""Alarms of CloudWatch through SNS: every message is verified, a subscription is confirmed for configured topics alone.

docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html and …/sns-message-and-json-formats.html.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import Field, JsonValue

from connectors.alerts import cloudwatch
from connectors.alerts.access import Access, admit, received
from connectors.alerts.bodies import Shape, parsed, read, shaped
from connectors.alerts.moments import moment
from connectors.alerts.port import Call, Notice, Received, Receiver, Refused, Severity

_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_.-]{1,256}")
_HOST = re.compile(r"sns\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]+\.pem")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303  # SNS signs so
_LARGEST_ANSWER, _MOST_CERTIFICATES, _TRIES = 65_536, 16, 2
_FORGED = "This message is not signed by Amazon SNS for a topic that is set up here; add its ARN to topics."


class Settings(Access):
    """Which topics may send."""

    topics: tuple[str, ...] = ()
    """ARNs of the topics whose messages are taken and whose subscription is confirmed."""

    severity: Severity = "error"
    """How bad an alarm is: CloudWatch does not say."""

    fresh_seconds: int = Field(default=6 * 3600, gt=0)
    """How old a signed message may be; SNS goes on trying for about an hour."""

    timeout_seconds: float = Field(default=5, gt=0)
    """How long Amazon may take to show a certificate or to confirm; SNS itself waits for 15 seconds."""

    def lets_in(self) -> bool:
        """Whether there is any way to know a caller."""
        return bool(self.topics) or super().lets_in()

    @classmethod
    def ways(cls) -> str:
        """The settings that let a caller in, for a sentence."""
        return f"topics, {super().ways()}"


class _Envelope(Shape):
    type: str = Field(default="Notification", alias="Type")
    message: JsonValue = Field(default="", alias="Message")
    topic: str = Field(default="", alias="TopicArn")
    subject: str = Field(default="", alias="Subject")
    sent_at: str = Field(default="", alias="Timestamp")
    subscribe_url: str = Field(default="", alias="SubscribeURL")
    signature: str = Field(default="", alias="Signature")
    version: str = Field(default="1", alias="SignatureVersion")
    certificate_url: str = Field(default="", alias="SigningCertURL")


@dataclass
class Sns:
    """Takes messages of SNS; certificates are fetched once."""

    settings: Settings
    http: httpx.AsyncClient
    name: str = "sns"
    _certificates: dict[str, x509.Certificate] = field(default_factory=dict)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def max_bytes(self) -> int:
        """The size of the largest body that it takes."""
        return self.settings.max_bytes

    async def receive(self, call: Call) -> Received:
        """What the message says. Raises ``Refused``."""
        admit(self.settings, call)
        body = parsed(call)
        envelope = shaped(_Envelope, body, "a message of Amazon SNS")
        # Raw delivery has no signature: then the caller has to be known by other means.
        if envelope.signature or not Access.lets_in(self.settings):
            await self._verify(envelope, body, call)
            if envelope.type == "SubscriptionConfirmation":
                return await self._confirm(envelope)
        if envelope.type != "Notification":
            text = f"Amazon SNS: {envelope.type} for {envelope.topic}"
            return received(notices=[Notice(kind="unsubscription" if "Unsub" in envelope.type else "other", text=text)])
        message = _message(envelope, body)
        if not message:
            raise Refused(422, "This is not a message of Amazon SNS: it has no Message.", keep=True)
        alarm = cloudwatch.alarm_in(message)
        alert = cloudwatch.alert(alarm, call, self.settings.severity) if alarm else None
        if alert:
            return received([alert])
        about = f"{alarm.name} is {alarm.state}" if alarm else envelope.subject or str(message)[:400]
        return received(notices=[Notice(kind="update" if alarm else "other", text=f"Amazon SNS: {about}")])

    async def _verify(self, envelope: _Envelope, body: JsonValue, call: Call) -> None:
        region = _TOPIC.fullmatch(envelope.topic)
        place = urlsplit(envelope.certificate_url)
        host = _HOST.fullmatch(place.netloc)
        trusted = place.scheme == "https" and host and _CERTIFICATE.fullmatch(place.path) and not place.query
        if envelope.topic not in self.settings.topics or not (region and trusted and host and host[1] == region[1]):
            raise Refused(401, _FORGED, keep=False)
        certificate = await self._certificate(envelope.certificate_url)
        at = moment(envelope.sent_at)
        if at is None or abs((call.received_at - at).total_seconds()) > self.settings.fresh_seconds:
            raise Refused(401, "This message was signed too long ago, or the clock here is wrong.", keep=False)
        valid = certificate.not_valid_before_utc <= call.received_at <= certificate.not_valid_after_utc
        if not (valid and _signed(envelope, body, certificate)):
            raise Refused(401, _FORGED, keep=False)

    async def _certificate(self, url: str) -> x509.Certificate:
        if url in self._certificates:
            return self._certificates[url]
        async with self._one_at_a_time:
            if url not in self._certificates:
                try:
                    found = x509.load_pem_x509_certificate(await self._get(url))
                except ValueError:
                    raise Refused(503, "Amazon showed no certificate; send it again.", keep=True) from None
                if len(self._certificates) >= _MOST_CERTIFICATES:
                    self._certificates.pop(next(iter(self._certificates)))
                self._certificates[url] = found
            return self._certificates[url]

    async def _confirm(self, envelope: _Envelope) -> Received:
        place = urlsplit(envelope.subscribe_url)
        asked = parse_qs(place.query)
        ours = asked.get("TopicArn") == [envelope.topic] and asked.get("Action") == ["ConfirmSubscription"]
        if place.scheme != "https" or not _HOST.fullmatch(place.netloc) or not ours:
            raise Refused(422, "SubscribeURL is not a confirmation of this topic at Amazon.", keep=True)
        await self._get(envelope.subscribe_url)
        text = f"Amazon SNS: the subscription to {envelope.topic} is confirmed"
        return received(notices=[Notice(kind="subscription", text=text)])

    async def _get(self, url: str) -> bytes:
        """What Amazon answers; an address that was not checked never comes here. Raises ``Refused`` (503)."""
        for _ in range(_TRIES):
            try:
                answer = await self.http.get(url)
            except httpx.HTTPError:
                continue
            if answer.status_code == httpx.codes.OK and len(answer.content) <= _LARGEST_ANSWER:
                return answer.content
        raise Refused(503, "Amazon SNS could not be asked; send it again.", keep=True)


def _message(envelope: _Envelope, body: JsonValue) -> JsonValue:
    # Raw delivery has nothing around it.
    if isinstance(body, dict) and not {"AlarmName", "detail-type"}.isdisjoint(body):
        return body
    if isinstance(envelope.message, str) and envelope.message.lstrip().startswith("{"):
        return read(envelope.message)
    return envelope.message


def _signed(envelope: _Envelope, body: JsonValue, certificate: x509.Certificate) -> bool:
    key, algorithm = certificate.public_key(), _HASHES.get(envelope.version)
    names = _SIGNED.get(envelope.type, ())
    if not (isinstance(key, rsa.RSAPublicKey) and algorithm and isinstance(body, dict) and names):
        return False
    pairs = [(name, body[name]) for name in names if body.get(name) is not None]
    text = "".join(f"{name}\n{value}\n" for name, value in pairs)
    try:
        signature = base64.b64decode(envelope.signature, validate=True)
        key.verify(signature, text.encode(errors="replace"), padding.PKCS1v15(), algorithm)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


@asynccontextmanager
async def connect(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> AsyncIterator[Receiver]:
    """Ready at once; nothing is asked of Amazon before the first message."""
    async with httpx.AsyncClient(timeout=settings.timeout_seconds, transport=transport, trust_env=True) as http:
        yield Sns(settings, http)
