"""Admits what a model says it found: quoted word for word, made of what its evidence says, and of a sort it may show.

A model that reads other people's texts repeats what they make it say. So a finding speaks only as loud as the system
that its evidence came from: a log line cannot tell of a deployment, nor a page of a wiki that all is well, and
all that one system says that is not the house's own counts as one sort of finding, whatever it holds.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import cast, get_args

from pydantic import BaseModel

from bot.guards import citation
from bot.guards.redaction import redact
from bot.incident import Category, Excluded, Finding, FindingKind
from bot.rules.plain import calls_well, gives_orders, leads_away
from bot.rules.terms import Terms
from bot.vocabulary import Evidence, Language
from connectors.tools.port import Kind
from knowledge.language import language_of

LONGEST_SAID, LONGEST_QUOTE, SHORTEST_QUOTE, MOST_CITES = 400, 400, 4, 4
FEWEST_SHARED = 0.25
MOST_WEIGHT = 0.55
"""A model's finding never weighs more, and so never confirms a cause by itself: what code measured decides."""
MOST_WEIGHT_OF_TEXT = 0.4
"""Of what anybody may have written, such as a log line: by itself it does not make a cause likely."""
MOST_WEIGHT_OF_MORE_TEXT = 0.05
"""Of a second sort of such texts: a ticket and a log line that say the same do not make it likely together."""
MOST_WEIGHT_RECALLED = 0.3
MOST_WEIGHT_OF_HEALTH = 0.2
"""Who reads orders to call everything well must not silence an alert."""
_SHOWS: Mapping[Kind, frozenset[FindingKind]] = {
    "metrics": frozenset(("break", "state", "dependency", "healthy")),
    "logs": frozenset(("log",)),
    "cluster": frozenset(("state", "event", "change", "log", "dependency", "healthy")),
    "alerts": frozenset(("alert", "event", "state", "healthy")),
    "changes": frozenset(("change", "event")),
    "network": frozenset(("state", "dependency")),
    "other": frozenset(("state", "event", "log", "change", "alert", "dependency")),
}
"""What sort of finding the tools of a kind can show."""
_TEXTS: frozenset[Kind] = frozenset(("logs", "network", "other"))
_SHOWS_HEALTH: frozenset[Kind] = frozenset(("metrics", "cluster", "alerts"))
_JOINED = re.compile(r"\b[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+\b")
# A host is no service that anybody here runs, unless it is known as one.
_NAME = re.compile(r"[^\W_][\w-]{0,78}(?:/[\w-]{1,80})?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)")


class Claimed(BaseModel):
    """A finding as a model words it: ``cites`` are numbers of evidence, the one that holds the quote first."""

    says: str = ""
    kind: str = ""
    service: str = ""
    cause: str | None = None
    weight: float | None = None
    cites: list[int | str] = []
    quote: str = ""


class RuledOut(BaseModel):
    """What it is not, as a model words it."""

    says: str = ""
    cites: list[int | str] = []
    quote: str = ""


class Refused(Exception):
    """It is not taken; the message tells the model why."""


@dataclass(frozen=True)
class Source:
    """A piece of evidence, and the system and kind of tool that it came from; None for what is known beforehand."""

    evidence: Evidence
    kind: Kind | None = None
    system: str = ""

    @property
    def text(self) -> str:
        """All that can be quoted or told from it."""
        one = self.evidence
        return "\n".join(filter(None, (one.title, one.heading, one.query, one.text)))


@dataclass
class FindingGuard:
    """What is known when findings are checked. ``known`` are names that may be used without evidence.

    ``heard`` are the sorts of findings that were made of strangers' texts so far, by any expert of the diagnosis.
    """

    by: str
    language: Language
    terms: Terms
    known: Collection[str] = ()
    sources: dict[int, Source] = field(default_factory=dict)
    spoken_as: dict[str, FindingKind] = field(default_factory=dict)
    heard: set[FindingKind] = field(default_factory=set)

    def admit(self, claimed: Claimed, id: str) -> Finding:
        """The finding, its weight bounded. Raises Refused."""
        cited, quote = self._supported(claimed.says, claimed.cites, claimed.quote)
        kind, cause = _kind(claimed.kind), _cause(claimed.cause)
        if calls_well(claimed.says) and kind != "healthy":
            raise Refused("That all is well is a finding of the kind healthy, or none.")
        self._may_show(cited[0], kind, cause)
        service = self._service(claimed.service, cited)
        return Finding(
            id=id,
            by=self.by,
            kind=kind,
            says=_plain(claimed.says),
            cites=tuple(one.evidence.id for one in cited),
            quote=quote,
            service=service,
            cause=cause,
            weight=_weight(claimed.weight, self._heaviest(cited[0], kind, cause)),
            at=_moment(quote),
        )

    def exclude(self, ruled_out: RuledOut) -> Excluded:
        """What it is not. Raises Refused."""
        cited, _ = self._supported(ruled_out.says, ruled_out.cites, ruled_out.quote)
        if calls_well(ruled_out.says):
            raise Refused("Say what it is not; not that all is well.")
        return Excluded(says=_plain(ruled_out.says), cites=tuple(one.evidence.id for one in cited))

    def speaks(self, finding: Finding) -> None:
        """Remember as what a stranger's system has been told of."""
        for source in self.sources.values():
            if finding.cites and source.evidence.id == finding.cites[0] and source.kind in _TEXTS:
                self.spoken_as.setdefault(source.system, finding.kind)
                self.heard.add(finding.kind)

    def _supported(self, says: str, cites: Sequence[int | str], quote: str) -> tuple[list[Source], str]:
        """The sources, that of the quote first, and the quote as it stands there."""
        said = _plain(says)
        if not said or len(said) > LONGEST_SAID:
            raise Refused(f"`says` has to be one sentence of at most {LONGEST_SAID} characters.")
        if not plain_or_nothing(said):
            raise Refused("`says` may hold no link, mention, order or secret, and not say that you did something.")
        if len(self.terms(said)) > 3 and language_of(said) != self.language:
            raise Refused(f"`says` is not in the language {self.language}.")
        named = list(dict.fromkeys(number for cite in cites for number in _numbers(cite) if number in self.sources))
        cited = [self.sources[number] for number in named[:MOST_CITES]]
        holding = next(((one, found) for one in cited if (found := _quoted(quote, one.evidence.text))), None)
        if holding is None:
            raise Refused(f"The quote does not stand word for word in the evidence {named or 'that you cite'}.")
        first, (exact, line) = holding
        cited = [first, *(one for one in cited if one is not first)]
        self._says_so(said, cited, line)
        return cited, exact

    def _says_so(self, said: str, cited: Sequence[Source], line: str) -> None:
        source = "\n".join(one.text for one in cited)
        made_up = [fact for fact in _facts(said) if not citation.stands_in(fact, source) and fact not in self.known]
        if made_up:
            raise Refused(f"The evidence does not say {', '.join(made_up[:5])}.")
        if citation.drops_not(said, line, self.terms):
            raise Refused("The evidence says “not”; you do not.")
        # What else is cited may bear out a figure; what is said has to be about the passage that is quoted.
        about = f"{cited[0].evidence.title}\n{cited[0].evidence.heading}\n{line}"
        if language_of(said) == language_of(line) and citation.told_of(said, about, self.terms) < FEWEST_SHARED:
            raise Refused("The passage that you quote speaks of something else.")

    def _may_show(self, source: Source, kind: FindingKind, cause: Category | None) -> None:
        if source.kind is None:
            if kind != "recall" and source.evidence.kind in ("document", "incident"):
                raise Refused("Documents and past incidents only show findings of the kind recall.")
            return
        if kind not in _SHOWS[source.kind]:
            raise Refused(f"This evidence only shows findings of the kinds {', '.join(sorted(_SHOWS[source.kind]))}.")
        if "healthy" in (kind, cause) and source.kind not in _SHOWS_HEALTH:
            raise Refused("A text does not show that all is well; metrics, alerts and the cluster do.")
        before = self.spoken_as.get(source.system) if source.kind in _TEXTS else None
        if before not in (None, kind):
            raise Refused(f"What this system says was told of as {before} already.")

    def _heaviest(self, source: Source, kind: FindingKind, cause: Category | None) -> float:
        if "healthy" in (kind, cause):
            return MOST_WEIGHT_OF_HEALTH
        if source.kind is None:
            return MOST_WEIGHT_RECALLED
        if source.kind not in _TEXTS:
            return MOST_WEIGHT
        return MOST_WEIGHT_OF_TEXT if not self.heard - {kind} else MOST_WEIGHT_OF_MORE_TEXT

    def _service(self, name: str, cited: Sequence[Source]) -> str:
        name = _plain(name)
        named = _NAME.fullmatch(name) and any(citation.stands_in(name, one.text) for one in cited)
        if name and name not in self.known and not named:
            raise Refused(f"The evidence does not name the service {name[:60]}.")
        return name


def plain_or_nothing(text: str) -> str:
    """A model's own words where they lead nowhere, hold no secret and boast of nothing; else nothing."""
    said = _plain(text)
    unfit = leads_away(said) or gives_orders(said) or citation.claims_to_act(said) or redact(said).hidden
    return "" if unfit else said


def _kind(named: str) -> FindingKind:
    if named not in get_args(FindingKind):
        raise Refused(f"`kind` has to be one of {', '.join(get_args(FindingKind))}.")
    return cast("FindingKind", named)


def _cause(named: str | None) -> Category | None:
    if not named or named in ("none", "null"):
        return None
    if named not in get_args(Category):
        raise Refused(f"`cause` has to be one of {', '.join(get_args(Category))}, or null.")
    return cast("Category", named)


def _weight(said: float | None, most: float) -> float:
    return round(min(max(said, 0.0), most), 3) if said is not None and isfinite(said) else most / 2


def _numbers(cite: int | str) -> list[int]:
    return [cite] if isinstance(cite, int) else [int(one) for one in re.findall(r"\d{1,6}", cite)]


def _facts(said: str) -> list[str]:
    """What must stand in the evidence: figures, times, identifiers, and names with hyphens, as services have."""
    return list(dict.fromkeys([*citation.hard_facts(said), *_JOINED.findall(said)]))


def _quoted(quote: str, text: str) -> tuple[str, str] | None:
    """The quote as it stands in the text, blanks aside, and the whole lines that hold it; None when it does not."""
    words = quote.split()
    if len("".join(words)) < SHORTEST_QUOTE or len(quote) > LONGEST_QUOTE:
        return None
    found = re.search(r"\s+".join(map(re.escape, words)), text)
    if found is None:
        return None
    start, end = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.end())
    return found[0], text[start : end if end >= 0 else len(text)]


def _moment(quote: str) -> datetime | None:
    """The first moment with its zone that a quote names."""
    found = _MOMENT.search(quote)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found[0])
    except ValueError:
        return None


def _plain(text: str) -> str:
    return " ".join(text.split())
