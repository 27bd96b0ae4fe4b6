"""The taxonomy: which components and symptoms there are, in both languages, and which of them a page is about."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.configuration import BadSettings

Kind = Literal["component", "symptom"]
"""What is classified: a part of a system, or what is wrong with it."""

_FILE = Path(__file__).with_name("taxonomy.toml")

# What a mention is worth, by its place. A page is about what reaches ENOUGH, and at least SHARE of its main topic.
_TITLE, _HEADING, _OPENING, _BODY = 6.0, 3.0, 2.0, 1.0
_ENOUGH, _SHARE = 5.0, 0.4
_MOST_IN_BODY, _MOST_TOPICS = 4, 3
_OPENING_LENGTH, _READ_LENGTH = 500, 20_000

_COMPOUND = re.compile(r"\b[A-Za-z][A-Za-z0-9]{0,80}[a-z0-9][A-Z][A-Za-z0-9]{0,80}|\b[A-Z]{2,10}[a-z][A-Za-z0-9]{0,80}")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_HEADINGS = re.compile(r"^ {0,3}#{1,6}[ \t]+(\S[^\n]{0,300})$", re.MULTILINE)
_CODE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1|\Z)", re.MULTILINE | re.DOTALL)
_ADDRESS = re.compile(r"\]\([^()\s]{0,500}\)|https?://[^\s)>]{1,500}")


class BadTaxonomy(BadSettings):
    """A team's taxonomy cannot be used; the message names file and key."""


@dataclass(frozen=True)
class Topic:
    """A component or symptom: its label, its titles, and the words that give it away."""

    key: str
    en: str
    zh: str
    words: tuple[str, ...]


class _Entry(BaseModel):
    """A topic as a file has it: of a known one only what shall be different, and ``words`` that are added."""

    model_config = ConfigDict(extra="forbid")

    en: str = ""
    zh: str = ""
    words: list[str] = []
    rename: str = ""
    drop: bool = False


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    component: dict[str, _Entry] = {}
    symptom: dict[str, _Entry] = {}


class Taxonomy:
    """Finds topics in text. Of words that overlap the longest counts; keys come in the order of the file."""

    def __init__(self, topics: Mapping[Kind, Iterable[Topic]]) -> None:
        self.topics: Mapping[Kind, Mapping[str, Topic]] = {
            kind: {topic.key: topic for topic in topics.get(kind, ())} for kind in get_args(Kind)
        }
        self._words = {kind: _Words(known.values()) for kind, known in self.topics.items()}

    def title(self, kind: str, key: str, language: Literal["en", "zh"]) -> str:
        """What a topic is called; the key itself when it is unknown."""
        topic = next((known.get(key) for each, known in self.topics.items() if each == kind), None)
        return key if topic is None else topic.zh if language == "zh" else topic.en

    def mentioned(self, kind: Kind, text: str) -> tuple[str, ...]:
        """The keys of all topics that a short text speaks of, in order of appearance."""
        return tuple(self._words[kind].counted(text))

    def keys(self, kind: Kind, value: str) -> tuple[str, ...]:
        """The topics that a value of front matter means: one by its key or title, else all that it mentions."""
        wanted = _spoken(value)
        for key, topic in self.topics[kind].items():
            if wanted in (_spoken(key), _spoken(topic.en), topic.zh):
                return (key,)
        return self.mentioned(kind, value)

    def about(self, kind: Kind, title: str, text: str) -> list[str]:
        """The topics of a Markdown page, the main one first, at most three; a word in passing is none.

        Title and headings count more than what stands below, and the beginning more than the rest; code and the
        addresses of links do not count.
        """
        words = self._words[kind]
        text = _CODE.sub("\n", text[:_READ_LENGTH])
        headings = "\n".join(found[1] for found in _HEADINGS.finditer(text) if found[1].strip() != title.strip())
        prose = _ADDRESS.sub(" ", _HEADINGS.sub("", text)).strip()
        scores: Counter[str] = Counter()
        for part, worth, most in (
            (title, _TITLE, 1),
            (headings, _HEADING, 2),
            (prose[:_OPENING_LENGTH], _OPENING, 1),
            (prose, _BODY, _MOST_IN_BODY),
        ):
            scores.update({key: int(worth * min(count, most)) for key, count in words.counted(part).items()})
        best = max(scores.values(), default=0)
        main = [key for key, score in scores.most_common() if score >= max(_ENOUGH, _SHARE * best)]
        shown = words.counted(f"{title}\n{headings}")
        # Where neither title nor headings name a topic, the text names one at most.
        return [key for key in main if key in shown][:_MOST_TOPICS] or main[:1]


class _Words:
    """The words of all topics of a kind, ready to be found."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self._keys = {_spoken(word): topic.key for topic in topics for word in topic.words}
        longest_first = sorted(self._keys, key=len, reverse=True)
        self._open = [(re.compile(_spelled(word)), self._keys[word]) for word in longest_first if "*" in word]
        chinese = [re.escape(word) for word in longest_first if not word.isascii()]
        english = "|".join(_spelled(word) for word in longest_first if word.isascii()) or r"(?!)"
        self._pattern = re.compile("|".join([*chinese, rf"(?<![a-z0-9])(?:{english})(?![a-z0-9])"]))

    def counted(self, text: str) -> Counter[str]:
        """How often each topic is mentioned, in order of appearance; ``KubePodNotReady`` is read as four words."""
        counts: Counter[str] = Counter()
        compounds = " ; ".join(_HUMP.sub(" ", found[0]) for found in _COMPOUND.finditer(text))
        for found in self._pattern.finditer(f"{text} ; {compounds}".lower()):
            counts[self._key(_spoken(found[0]))] += 1
        return counts

    def _key(self, found: str) -> str:
        for form in (found, found.removesuffix("s"), found.removesuffix("es")):
            if form in self._keys:
                return self._keys[form]
        return next(key for pattern, key in self._open if pattern.fullmatch(found))


def _spoken(word: str) -> str:
    return " ".join(re.sub(r"[-_\s]+", " ", word.lower()).split())


def _spelled(word: str) -> str:
    """A word as a pattern: blanks are any gap, ``*`` is any ending or a few words, and a plural counts."""
    pattern = re.escape(word).replace(r"\ \*\ ", r"[-_\s](?:[\w.-]{1,40}\s){0,3}").replace(r"\*", r"[a-z0-9]{0,40}")
    return pattern.replace(r"\ ", r"[-_\s]{1,3}") + ("" if word.endswith("*") else "(?:s|es)?")


@cache
def read_taxonomy(team: Path | None = None) -> Taxonomy:
    """Ours, changed by a team's file: new topics, words added, titles changed, ``rename`` or ``drop`` of known ones.

    Raises BadTaxonomy.
    """
    ours = _parsed(_FILE)
    theirs = _parsed(team) if team else _File()
    return Taxonomy(
        {
            "component": _merged("component", ours.component, theirs.component, team),
            "symptom": _merged("symptom", ours.symptom, theirs.symptom, team),
        }
    )


def symptoms_in(text: str) -> tuple[str, ...]:
    """The keys of the symptoms of our taxonomy that a short text speaks of, in order of appearance."""
    return read_taxonomy().mentioned("symptom", text)


def _parsed(path: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as failure:
        raise BadTaxonomy(f"{path}: cannot be read ({failure.strerror}); correct knowledge.taxonomy.") from failure
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as mistake:
        raise BadTaxonomy(f"{path}: not TOML: {mistake}.") from mistake
    except ValidationError as wrong:
        lines = (f"{path}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in wrong.errors())
        raise BadTaxonomy("\n".join(lines)) from None


def _merged(kind: Kind, ours: Mapping[str, _Entry], theirs: Mapping[str, _Entry], team: Path | None) -> list[Topic]:
    topics: list[Topic] = []
    for key in {**ours, **theirs}:
        change, known = theirs.get(key, _Entry()), ours.get(key, _Entry())
        if change.drop:
            continue
        # The team's words come last, so that they win where two topics claim one.
        topic = Topic(change.rename or key, change.en or known.en, change.zh or known.zh, (*known.words, *change.words))
        missing = [name for name in ("en", "zh", "words") if not getattr(topic, name)]
        if missing:
            raise BadTaxonomy(f"{team}: {kind}.{key}: a new topic needs {', '.join(missing)}.")
        if not all(any(sign.isalnum() for sign in word) for word in topic.words):
            raise BadTaxonomy(f"{team}: {kind}.{key}.words: a word needs a letter or digit.")
        topics.append(topic)
    return topics
