"""What the text of a screenshot names. Misread characters are folded for matching alone, never in what is shown."""

import errno
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from bot.rules.entities import Names, find_entities
from bot.vocabulary import Entities, Window

KnownWords: TypeAlias = Mapping[str, str]
"""Words by their folded form."""

_MOST_SEARCHED = 12
_MOST_WORDS_JOINED = 3
_SHORTEST_KNOWN = 4
_SHORTEST_ALERT = 8

# What the words of a running system look like wherever it runs; a team adds its services and alerts.
_OPS_WORDS = """
CrashLoopBackOff ImagePullBackOff ErrImagePull OOMKilled CreateContainerConfigError CreateContainerError
ContainerCreating RunContainerError InvalidImageName FailedScheduling FailedMount FailedAttachVolume BackOff Unhealthy
Evicted NodeNotReady NodePressure DiskPressure MemoryPressure PIDPressure DeadlineExceeded BackoffLimitExceeded Killing
KubePodCrashLooping KubePodNotReady KubeJobFailed KubeNodeNotReady CPUThrottlingHigh TargetDown Watchdog
OutOfMemoryError StackOverflowError NullPointerException IllegalStateException IllegalArgumentException
TimeoutException SocketTimeoutException ConnectException ConnectTimeout ReadTimeout ConnectionRefusedError
ConnectionResetError ConnectionError BrokenPipeError FileNotFoundException NoSuchElementException
SQLTransientConnectionException SQLException OperationalError IntegrityError KeyError ValueError TypeError
RuntimeError PermissionError ModuleNotFoundError ImportError AssertionError SegmentationFault
ECONNREFUSED ECONNRESET ETIMEDOUT EPIPE ENOSPC EACCES ENOENT ENOMEM EMFILE NXDOMAIN SERVFAIL
INFO WARN WARNING ERROR DEBUG FATAL CRITICAL TRACE CRIT Traceback HikariPool kubectl kubelet containerd
mysql postgres postgresql redis kafka nginx elasticsearch rabbitmq mongodb prometheus grafana alertmanager zookeeper
timeout connection refused deadlock rollback replica failover throttling latency backlog
"""

_TOKEN = re.compile(r"[A-Za-z0-9_|]+(?:[-.][A-Za-z0-9_|]+)*")
_ALERT = re.compile(
    r"\b(?:[A-Z][a-z0-9]+|[A-Z]{2,}(?=[A-Z][a-z]|\b|[a-z]))(?:[A-Z][a-z0-9]*|[A-Z]+(?=[A-Z][a-z]|\b))+\b"
)
_CODE = re.compile(
    r"\b(?:ORA|ERR|MY|SQLSTATE|TNS|HV|AADSTS)-?\d{3,6}\b|\bE\d{4,6}\b|\bSIG[A-Z]{3,5}\b"
    rf"|\b(?:{'|'.join(sorted(errno.errorcode.values(), key=len, reverse=True))})\b"
    r"|(?i:\b(?:HTTP(?:/\d(?:\.\d)?)?|status(?:\s*code)?|exit(?:\s*code|_status)?|code|errno|error|错误码|状态码|退出码)"
    r"[^\S\n]*[:：=]?[^\S\n]*)(?P<number>[1-9]\d{0,4})\b"
    r"|\b(?P<http>[45]\d\d)(?=[^\S\n]+(?:Internal|Bad|Service|Gateway|Not|Forbidden|Unauthorized|Too|Conflict)\b)"
)
_TIMESTAMP = re.compile(
    r"(?P<date>20\d\d[-/.](?:0[1-9]|1[0-2])[-/.](?:0[1-9]|[12]\d|3[01]))[T\s]*"
    r"(?P<time>(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)(?P<fraction>[.,]\d{1,9})?(?:\s*(?P<zone>[Zz]\b|[+-]\d\d:?\d\d\b))?"
)
_FOLDS = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "_": "", "-": "", " ": "", "\u00a0": ""})
_RUN = re.compile(r"([ol])\1+")
_JOINT = re.compile("[_-]")
_FENCE = re.compile(r"`{3,}")


@dataclass(frozen=True)
class Sighting:
    """What a picture's text names, for filters and searches; ``timestamps`` are word for word as they were read."""

    entities: Entities
    timestamps: tuple[str, ...]
    error_codes: tuple[str, ...]
    alert_names: tuple[str, ...]
    searches: tuple[str, ...]


def known_words(names: Iterable[str] = ()) -> KnownWords:
    """Words that a misread one may stand for: a team's services and alerts, then the words of the trade."""
    words = (word for word in (*names, *_OPS_WORDS.split()) if len(word) >= _SHORTEST_KNOWN and word.isascii())
    return {fold(word): word for word in reversed(tuple(words))}


def fold(text: str) -> str:
    """The text with everything made one that screenshots are often misread by: O and 0, l, 1 and I, `_` and a blank.

    A doubled O or l counts as one. For comparing alone: two different names may become the same.
    """
    return _RUN.sub(r"\1", text.lower().translate(_FOLDS))


def for_matching(text: str, known: KnownWords) -> str:
    """The text with misread known words put right. It is for looking things up and never shown."""
    return "\n".join(_mended(line, known) for line in text.split("\n"))


def sight(text: str, services: Names, known: KnownWords, now: datetime) -> Sighting:
    """What the text of a picture names. A time without a zone is taken to be in that of ``now``."""
    mended = for_matching(text, known)
    stamps = list(_TIMESTAMP.finditer(mended))
    # "Today" on a picture is the day it was taken, which nobody knows: only moments that are written out count.
    entities = find_entities(mended, services, now).model_copy(update={"window": _window(stamps, now)})
    codes = _unique(match["number"] or match["http"] or match[0] for match in _CODE.finditer(mended))
    alerts = _unique(match[0] for match in _ALERT.finditer(mended) if len(match[0]) >= _SHORTEST_ALERT)
    searches = _unique((*alerts, *codes, *entities.services, *_worth_searching(entities.identifiers)))
    return Sighting(entities, _unique(match[0] for match in stamps), codes, alerts, searches[:_MOST_SEARCHED])


def attributed(text: str, picture: str, language: Literal["en", "zh"]) -> str:
    """The text as a quotation in Markdown that says where it is from, so that no command in it passes for advice."""
    said = {
        "en": f"Read from the picture {picture!r}, unchecked; nothing in it was run:",
        "zh": f"以下文字识别自图片“{picture}”，未经核对，其中的命令均未执行：",
    }[language]
    fence = "`" * max([2, *map(len, _FENCE.findall(text))]) + "`"
    return f"{said}\n\n{fence}text\n{text}\n{fence}"


def _mended(line: str, known: KnownWords) -> str:
    """A blank may have been an underscore: up to three words are taken for one known word, the longest first."""
    tokens = list(_TOKEN.finditer(line))
    pieces, done, at = list[str](), 0, 0
    while at < len(tokens):
        size, word = next(_known_from(line, tokens[at : at + _MOST_WORDS_JOINED], known), (1, None))
        start, end = tokens[at].start(), tokens[at + size - 1].end()
        pieces += [line[done:start], word or line[start:end]]
        done, at = end, at + size
    return "".join([*pieces, line[done:]])


def _known_from(line: str, tokens: list[re.Match[str]], known: KnownWords) -> Iterator[tuple[int, str]]:
    for size in range(len(tokens), 0, -1):
        found = line[tokens[0].start() : tokens[size - 1].end()]
        word = known.get(fold(found))
        # Several words stand for one only where that has the sign that was lost between them.
        if word is not None and word.lower() != found.lower() and (size == 1 or len(_JOINT.findall(word)) == size - 1):
            yield size, word


def _window(stamps: Iterable[re.Match[str]], now: datetime) -> Window | None:
    moments = sorted((moment, match[0]) for match in stamps if (moment := _moment(match, now)) is not None)
    if not moments:
        return None
    (start, first), (end, last) = moments[0], moments[-1]
    return Window(start=start, end=end, words=first if first == last else f"{first} – {last}")


def _moment(match: re.Match[str], now: datetime) -> datetime | None:
    zone = (match["zone"] or "").upper().replace("Z", "+00:00")
    written = f"{re.sub('[/.]', '-', match['date'])}T{match['time']}{zone}"
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)


def _worth_searching(identifiers: Iterable[str]) -> Iterator[str]:
    """Names that say what something is; numbers, dates and short words in capitals (GET, INFO) do not."""
    for name in identifiers:
        if re.search("[A-Za-z]{3}", name) and not re.fullmatch("[A-Z]{1,7}", name) and not _TIMESTAMP.search(name):
            yield name


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
