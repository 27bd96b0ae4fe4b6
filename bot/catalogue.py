"""The catalogue of remedies: all that may ever be proposed, read from YAML and checked before anything begins."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.catalogue_checks import mistakes_among, mistakes_in
from bot.catalogue_entries import remedy_of
from bot.catalogue_files import Entry, read_entries
from bot.remedy import Remedy
from connectors.configuration import BadSettings
from connectors.remediation.port import Executor
from knowledge.service_graph import ServiceGraph

ENDINGS = (".yaml", ".yml")


class BadCatalogue(BadSettings):
    """The catalogue cannot be used; each line of the message is one mistake, with its file and line."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


@dataclass(frozen=True)
class Catalogue:
    """Remedies by id, in the order of the files, and what carries them out, by name."""

    remedies: Mapping[str, Remedy] = field(default_factory=dict)
    executors: Mapping[str, Executor] = field(default_factory=dict)

    def get(self, id: str) -> Remedy | None:
        """A remedy; None when there is none of this id."""
        return self.remedies.get(id)

    def executor(self, remedy: Remedy) -> Executor:
        """What carries it out; reading made sure that there is one."""
        return self.executors[remedy.executor]

    def __iter__(self) -> Iterator[Remedy]:
        return iter(self.remedies.values())

    def __len__(self) -> int:
        return len(self.remedies)


def read_catalogue(folder: Path, executors: Mapping[str, Executor], graph: ServiceGraph | None = None) -> Catalogue:
    """All remedies of a folder's YAML files, one or a list of them in each.

    Services that entries name have to be in ``graph`` where one with services is given. Raises BadCatalogue with all
    mistakes of all files.
    """
    if not folder.is_dir():
        raise BadCatalogue([f"{folder}:1: there is no such folder; correct remedies.folder"])
    files = [file for file in sorted(folder.iterdir()) if file.suffix in ENDINGS and file.is_file()]
    entries: list[Entry] = []
    mistakes: list[str] = []
    for file in files:
        found, wrong = read_entries(file)
        entries += found
        mistakes += wrong
    return _catalogue(entries, mistakes, executors, graph or ServiceGraph())


def _catalogue(
    entries: Sequence[Entry], mistakes: list[str], executors: Mapping[str, Executor], graph: ServiceGraph
) -> Catalogue:
    known: list[tuple[Entry, Remedy]] = []
    for entry in entries:
        remedy, wrong = remedy_of(entry)
        mistakes += wrong
        if remedy is not None:
            mistakes += mistakes_in(entry, remedy, executors, graph)
            known.append((entry, remedy))
    mistakes += mistakes_among(known)
    if mistakes:
        raise BadCatalogue(dict.fromkeys(mistakes))
    return Catalogue({one.id: one.model_copy(update={"digest": digest(one)}) for _, one in known}, dict(executors))


def digest(remedy: Remedy) -> str:
    """SHA-256 of what an entry says, in a canonical form: how it is laid out and where it lies do not count."""
    written = remedy.model_dump(mode="json", exclude={"digest", "place"})
    canonical = json.dumps(written, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
