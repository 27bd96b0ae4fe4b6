"""What has to hold of a remedy beyond its shape: names that exist, bounds, and what its risk asks for."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from pydantic import JsonValue

from bot import parameters
from bot.catalogue_files import Entry, Place
from bot.placeholders import BadText, fill_text, named
from bot.remedy import Check, Remedy, Undo, Words
from connectors.remediation.port import BadSpec, Executor, Spec
from knowledge.service_graph import ServiceGraph

Mistake = tuple[Place, str]
LONGEST_TITLE, LONGEST_PATTERN, LONGEST_DAY = 80, 500, 86_400.0
RISKY = ("high", "critical")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_SPOKEN = re.compile(r"^([\w-]+(?:\.[\w-]+)*): ")


def mistakes_in(entry: Entry, remedy: Remedy, executors: Mapping[str, Executor], graph: ServiceGraph) -> list[str]:
    """What is wrong with one entry, each with its file and line."""
    found = [
        *_texts(remedy),
        *_braces(remedy),
        *_executed(remedy, executors),
        *(one for place, check in _checks(remedy) for one in _compared(place, check)),
        *_bounds(remedy),
        *_known_services(remedy, graph),
    ]
    return [_line(entry, place, said) for place, said in found]


def mistakes_among(entries: Sequence[tuple[Entry, Remedy]]) -> list[str]:
    """What is wrong between entries: an id that two have, and undoing that cannot be."""
    found: list[str] = []
    remedies: dict[str, tuple[Entry, Remedy]] = {}
    for entry, remedy in entries:
        if remedy.id in remedies:
            found.append(_line(entry, ("id",), f"{remedy.id} is also the id of {remedies[remedy.id][0].at(('id',))}"))
        remedies.setdefault(remedy.id, (entry, remedy))
    for entry, remedy in entries:
        if remedy.undo is not None:
            other = remedies.get(remedy.undo.remedy)
            found += [_line(entry, place, said) for place, said in _undone(remedy, remedy.undo, other and other[1])]
    return found


def _texts(remedy: Remedy) -> Iterator[Mistake]:
    if not _ID.fullmatch(remedy.id):
        yield ("id",), "is made of a-z, 0-9 and -, at most 63 of them"
    if not remedy.target.strip():
        yield ("target",), "say what is changed, such as {service}"
    worded: list[tuple[Place, Words]] = [(("title",), remedy.title), (("description",), remedy.description)]
    worded += [((*place, "because"), check.because) for place, check in _checks(remedy)]
    for where, words in worded:
        if not words.get("en", "").strip():
            yield where, "has to be there in English (en)"
    if any(len(title) > LONGEST_TITLE for title in remedy.title.values()):
        yield ("title",), f"is longer than {LONGEST_TITLE} characters"


def _braces(remedy: Remedy) -> Iterator[Mistake]:
    """Names in braces that are no parameters. Executors check their own parts."""
    known = parameters.properties(remedy.parameters)
    texts: list[tuple[Place, JsonValue]] = [(("target",), remedy.target), (("environment",), remedy.environment)]
    texts += [(("title", language), text) for language, text in remedy.title.items()]
    texts += [(("description", language), text) for language, text in remedy.description.items()]
    if remedy.undo is not None:
        texts += [(("undo", "parameters", name), value) for name, value in remedy.undo.parameters.items()]
    for place, check in _checks(remedy):
        texts += [((*place, "arguments", name), value) for name, value in check.arguments.items()]
        texts += [((*place, "because", language), text) for language, text in check.because.items()]
    for place, value in texts:
        yield from ((place, said) for said in _strangers(value, known))


def _strangers(value: JsonValue, known: Collection[str]) -> Iterator[str]:
    try:
        names = list(named(value))
    except BadText as wrong:
        yield str(wrong)
        return
    for name in names:
        if name not in known:
            yield f"{{{name}}} is no parameter; there are: {', '.join(known) or 'none'}"


def _executed(remedy: Remedy, executors: Mapping[str, Executor]) -> Iterator[Mistake]:
    executor = executors.get(remedy.executor)
    if executor is None:
        there = ", ".join(sorted(executors)) or "none; ports.remediation names them"
        yield ("executor",), f"{remedy.executor!r} is not in use; there are: {there}"
        return
    names = tuple(parameters.properties(remedy.parameters))
    parts: list[tuple[str, Spec]] = [("run", remedy.run)]
    parts += [("rehearsal", remedy.rehearsal)] if remedy.rehearsal else []
    for part, spec in parts:
        try:
            executor.check(spec, names)
        except BadSpec as wrong:
            yield (part, *_spoken(str(wrong))), str(wrong)


def _spoken(said: str) -> Place:
    """The keys that an executor's complaint begins with."""
    found = _SPOKEN.match(said)
    return tuple(int(part) if part.isdecimal() else part for part in found[1].split(".")) if found else ()


def _checks(remedy: Remedy) -> Iterator[tuple[Place, Check]]:
    for number, check in enumerate(remedy.preconditions):
        yield ("preconditions", number), check
    if remedy.verification is not None:
        for number, check in enumerate(remedy.verification.checks):
            yield ("verification", "checks", number), check
    if remedy.blast.healthy is not None:
        yield ("blast", "healthy"), remedy.blast.healthy


def _compared(place: Place, check: Check) -> Iterator[Mistake]:
    if not check.tool.strip():
        yield (*place, "tool"), "name the tool that is asked, such as prometheus_instant"
    compares = check.above is not None or check.below is not None or check.says or check.says_not
    # How many are well is counted there, and held against what has to be left.
    if not compares and place != ("blast", "healthy"):
        yield place, "compares nothing: write above, below, says or says_not"
    for name, pattern in (("says", check.says), ("says_not", check.says_not)):
        if len(pattern) > LONGEST_PATTERN:
            yield (*place, name), f"is longer than {LONGEST_PATTERN} characters"
            continue
        try:
            re.compile(pattern)
        except re.error as wrong:
            yield (*place, name), f"is no pattern: {wrong}"


def _bounds(remedy: Remedy) -> Iterator[Mistake]:
    if remedy.risk in RISKY and remedy.verification is None:
        yield ("risk",), f"{remedy.risk} needs a verification"
    if remedy.risk in RISKY and not remedy.preconditions:
        yield ("risk",), f"{remedy.risk} needs preconditions"
    yield from _counts(remedy)
    for name, seconds in (("expires", remedy.expires_seconds), ("window", remedy.window_seconds)):
        if not 0 < seconds <= 7 * LONGEST_DAY:
            yield (name,), "has to be more than nothing and at most 7d"


def _counts(remedy: Remedy) -> Iterator[Mistake]:
    if remedy.verification is not None:
        if not remedy.verification.checks:
            yield ("verification",), "checks nothing"
        if not 0 < remedy.verification.every_seconds <= remedy.verification.within_seconds <= LONGEST_DAY:
            yield ("verification",), "every has to be more than nothing, and no more than within (at most 1d)"
    if remedy.blast.targets < 1 or remedy.blast.keep_healthy < 0:
        yield ("blast",), "targets is 1 or more, keep_healthy 0 or more"
    if remedy.blast.keep_healthy and remedy.blast.healthy is None:
        yield ("blast", "keep_healthy"), "needs healthy, a check that counts those that are well"


def _known_services(remedy: Remedy, graph: ServiceGraph) -> Iterator[Mistake]:
    if not graph.services:
        return
    for number, service in enumerate(remedy.services):
        if service not in graph.services:
            yield ("services", number), f"{service} is not among the services"
    for name, schema in parameters.properties(remedy.parameters).items():
        if parameters.role(name, schema) == "service":
            for value in parameters.choices(schema):
                if value not in graph.services:
                    yield ("parameters", "properties", name, "enum"), f"{value} is not among the services"


def _undone(remedy: Remedy, undo: Undo, other: Remedy | None) -> Iterator[Mistake]:
    if other is None:
        yield ("undo", "remedy"), f"there is no remedy {undo.remedy}"
        return
    mine, theirs = parameters.properties(remedy.parameters), parameters.properties(other.parameters)
    for name in undo.parameters:
        if name not in theirs:
            yield (
                ("undo", "parameters", name),
                f"is no parameter of {other.id}; there are: {', '.join(theirs) or 'none'}",
            )
    for name, schema in theirs.items():
        if name not in undo.parameters:
            if "default" not in schema:
                yield ("undo", "parameters"), f"{other.id} needs {name}"
        elif said := _misfit(undo.parameters[name], mine, schema):
            yield ("undo", "parameters", name), said


def _misfit(value: JsonValue, mine: Mapping[str, parameters.Schema], theirs: parameters.Schema) -> str:
    """Why what is handed on does not fit; a parameter in braces has to be of the same type."""
    whole = re.fullmatch(r"\{([^{}]+)\}", value) if isinstance(value, str) else None
    if whole and whole[1] in mine:
        given, taken = mine[whole[1]].get("type"), theirs.get("type")
        fits = given == taken or (given, taken) == ("integer", "number")
        return "" if fits else f"{value} is of the type {given}, and {taken} is taken"
    try:
        plain = fill_text(value, {}) if isinstance(value, str) else value
    except BadText:
        # Made of a parameter and more: the guard holds it against the schema once it is known.
        return ""
    return parameters.misfit(theirs, plain)


def _line(entry: Entry, place: Place, said: str) -> str:
    where = ".".join(map(str, entry.known(place)))
    spoken = _SPOKEN.match(said)
    said = said[spoken.end() :] if spoken and where.endswith(f".{spoken[1]}") else said
    return f"{entry.at(place)}: {where}: {said}" if where else f"{entry.at(place)}: {said}"
