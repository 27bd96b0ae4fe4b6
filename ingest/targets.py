"""What a run is to read: sources of the settings by their names, paths, and all that was read before."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from connectors.configuration import BadSettings
from connectors.load import load
from connectors.sources.port import Source
from ingest.manifest import Manifest, Origin
from ingest.provenance import Terms
from ingest.settings import Settings
from knowledge.service_graph import ServiceGraph, read_services
from knowledge.setting_names import nearest
from knowledge.source_settings import named_readers, tidy_readers


class NameTaken(BadSettings):
    """Two places would share one name in the library, and each run would delete the other's documents."""


@dataclass(frozen=True)
class Wanted:
    """What the command line names. ``readers`` is None where it says nothing about them."""

    names: Sequence[str] = ()
    everything: bool = False
    name: str = ""
    readers: str | None = None
    services: Path | None = None


@dataclass(frozen=True)
class Target:
    """One source to read: what opens it, what holds for its documents, and what is noted about it."""

    name: str
    vendor: str
    table: Mapping[str, object] = field(repr=False)
    terms: Terms
    origin: Origin

    def connect(self, settings: Settings) -> AbstractAsyncContextManager[Source]:
        """The source, still closed."""
        return load("sources", self.vendor, self.table, settings.roots)

    def graph(self) -> ServiceGraph:
        """The services of its file, or of a services.yaml in its place or beside it. Raises BadServices."""
        if self.origin.services:
            return read_services(Path(self.origin.services))
        place = Path(self.origin.place) if self.origin.place else None
        near = [folder / "services.yaml" for folder in (place, place.parent)] if place else []
        return next((read_services(file) for file in near if file.is_file()), ServiceGraph())


def words(wanted: Wanted, settings: Settings, manifest: Manifest) -> list[str]:
    """What to read, word by word; of everything, the sources of the settings come first, then all paths read before."""
    if not wanted.everything:
        return list(wanted.names)
    paths = [name for name, one in manifest.origins().items() if one.place and name not in settings.ingest.sources]
    return [*settings.ingest.sources, *paths]


def target(word: str, wanted: Wanted, settings: Settings, manifest: Manifest) -> Target:
    """The target that a word stands for: a source of the settings, or else a path.

    Raises BadSettings for what cannot be told apart, or would open to everybody what was kept for some.
    """
    known = manifest.origins()
    if word in settings.ingest.sources:
        if wanted.name or wanted.readers is not None or wanted.services:
            raise BadSettings(f"{word} is a source of the settings: its name, readers and services are set there.")
        return _configured(word, settings, known)
    if not wanted.everything:
        return _path(word, wanted, settings, known)
    if not Path(known[word].place).exists():
        raise BadSettings(
            f"{known[word].place} is gone; what was read there stays. `python -m ingest --forget {word}` deletes it."
        )
    return _of_path(word, known[word], settings)


def stranded(settings: Settings, manifest: Manifest) -> list[str]:
    """Sources whose documents are in the library, but that nothing says how to read."""
    return [name for name, one in manifest.origins().items() if not one.place and name not in settings.ingest.sources]


def _configured(name: str, settings: Settings, known: Mapping[str, Origin]) -> Target:
    source = settings.source(name)
    path = getattr(source.checked, "path", None)
    place = str(path.expanduser().resolve()) if isinstance(path, Path) else ""
    former = known.get(name, Origin())
    if former.place not in ("", place) and Path(former.place).exists():
        raise NameTaken(
            f"The name {name!r} stands for {former.place} already. Rename [ingest.sources.{name}], or delete what was "
            f"read there with `python -m ingest --forget {name}`."
        )
    if place and "readers" not in source.about.model_fields_set:
        limits = [name for name, limit in _sharing(name, Path(place), known) if tidy_readers(limit)]
        if limits:
            raise BadSettings(
                f"{limits[0]} has the same pages and is not for everybody. Say who may read [ingest.sources.{name}]: "
                'readers = ["GROUP"], or ["everyone"].'
            )
    services = str(source.about.services.expanduser().resolve()) if source.about.services else ""
    terms = Terms(source.about.readers, source.about.labels)
    return Target(name, source.about.vendor, source.table, terms, Origin(place, terms.readers, services))


def _path(text: str, wanted: Wanted, settings: Settings, known: Mapping[str, Origin]) -> Target:
    path = Path(text).expanduser()
    near = nearest(text, list(settings.ingest.sources))
    if near and not path.exists():
        raise BadSettings(f"{text} is no path and no source; did you mean {near!r}?")
    place = path.resolve()
    name = wanted.name or place.name
    if name in settings.ingest.sources:
        raise NameTaken(
            f"The name {name!r} stands for a source of the settings: `python -m ingest {name}` reads that one. "
            f"Give {text} one of its own with --name."
        )
    former = known.get(name, Origin())
    if former.place not in ("", str(place)) and Path(former.place).exists():
        raise NameTaken(f"The name {name!r} stands for {former.place} already. Give {text} one of its own with --name.")
    readers = former.readers if wanted.readers is None else _readers(wanted.readers)
    if not readers or wanted.readers is not None:
        _refuse_to_open(name, place, readers, known)
    services = str(wanted.services.expanduser().resolve()) if wanted.services else former.services
    return _of_path(name, Origin(str(place), readers, services), settings)


def _of_path(name: str, origin: Origin, settings: Settings) -> Target:
    place = Path(origin.place)
    vendor = "git" if (place / ".git").exists() else "folder"
    limit = {"max_bytes": int(settings.ingest.max_file_mb * 1e6)}
    table = {**limit, **settings.table("sources", vendor), "path": place, "name": name}
    return Target(name, vendor, table, Terms(tidy_readers(origin.readers)), origin)


def _readers(text: str) -> tuple[str, ...]:
    try:
        return tidy_readers(named_readers(text)) or ("everyone",)
    except ValueError as wrong:
        raise BadSettings(f"--readers: {wrong}.") from None


def _refuse_to_open(name: str, place: Path, readers: Sequence[str], known: Mapping[str, Origin]) -> None:
    """Pages that two sources share are as open as the opener of the two; where that was not said, it is asked for."""
    limited = bool(tidy_readers(readers))
    for other, limit in _sharing(name, place, known):
        shared = known[other].place
        if limited and not limit:
            raise BadSettings(
                f"Everybody may read {shared}, which holds the same pages. Limit it first: "
                f"`python -m ingest {shared} --readers {','.join(readers)}`, or say that it is for everyone."
            )
        if not readers and tidy_readers(limit):
            groups = ",".join(limit)
            raise BadSettings(
                f"{shared} is for {groups} only. Say who may read {place}: --readers {groups}, or --readers everyone."
            )


def _sharing(name: str, place: Path, known: Mapping[str, Origin]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The other sources that lie in a place or around it, and their readers."""
    for other, origin in known.items():
        shared = Path(origin.place) if origin.place and other != name else None
        if shared and (place.is_relative_to(shared) or shared.is_relative_to(place)):
            yield other, origin.readers
