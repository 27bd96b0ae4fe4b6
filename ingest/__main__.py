"""python -m ingest PATH…: read folders, files and Git checkouts into the library."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from connectors.configuration import BadSettings
from connectors.embedding.port import EmbeddingUnavailable
from connectors.load import load
from connectors.sources.port import Source, SourceUnavailable
from connectors.vectors.port import VectorStoreUnavailable
from ingest import pipeline
from ingest.manifest import Manifest, ManifestUnavailable, open_manifest
from ingest.settings import Settings, read_settings
from knowledge.opening import open_library
from knowledge.service_graph import BadServices, ServiceGraph, read_services

_SAID = (
    BadSettings,
    BadServices,
    EmbeddingUnavailable,
    VectorStoreUnavailable,
    SourceUnavailable,
    ManifestUnavailable,
    pipeline.NothingToRead,
)
_LISTED = 10


class NameTaken(BadSettings):
    """Two places would share one name in the library, and each run would delete the other's documents."""


def main(arguments: Sequence[str]) -> int:
    """0 when something was read or was up to date, 1 when not, 2 for a wrong call, 130 when stopped by the user."""
    options = _parser().parse_args(arguments)
    if options.name and len(options.path) > 1:
        _parser().error("--name names one source: give one PATH with it")
    try:
        return asyncio.run(_run(options))
    except _SAID as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. What was read is kept; the next run goes on from here.\n")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingest", description="Read documents into the library.")
    parser.add_argument("path", nargs="+", type=Path, metavar="PATH", help="a folder, a file or a Git checkout")
    parser.add_argument("--name", default="", help="what the source is called; default: the folder's name")
    parser.add_argument("--services", type=Path, help="the file of services; default: services.yaml in PATH or beside")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("--may-empty", action="store_true", help="delete everything of a source that is empty now")
    parser.add_argument("--json", action="store_true", help="one JSON object per source on standard output")
    parser.add_argument("--config", type=Path, help="the settings file; default: nightshift.toml")
    return parser


async def _run(options: argparse.Namespace) -> int:
    settings = read_settings(options.config)
    ok = True
    async with open_library(settings) as library:
        with open_manifest(settings.roots.home / "ingest.sqlite", library.collection) as manifest:
            for path in options.path:
                now = datetime.fromtimestamp(time.time(), UTC)
                run = pipeline.Run(library, manifest, now, _graph(path, options.services), settings.ingest.batch)
                async with _source(path, options.name, settings) as source:
                    _claim(manifest, source.name, path, dry=options.dry_run)
                    ok = await _one(source, run, options) and ok
    return 0 if ok else 1


def _source(path: Path, name: str, settings: Settings) -> AbstractAsyncContextManager[Source]:
    vendor = "git" if (path / ".git").exists() else "folder"
    table = {
        "max_bytes": int(settings.ingest.max_file_mb * 1e6),
        **settings.table("sources", vendor),
        "path": path.expanduser().resolve(),
        "name": name,
    }
    return load("sources", vendor, table, settings.roots)


def _graph(path: Path, named: Path | None) -> ServiceGraph:
    if named:
        return read_services(named)
    near = [folder / "services.yaml" for folder in (path, path.resolve().parent)]
    return next((read_services(file) for file in near if file.is_file()), ServiceGraph())


def _claim(manifest: Manifest, name: str, path: Path, *, dry: bool) -> None:
    place, former = str(path.expanduser().resolve()), manifest.place(name)
    if former not in ("", place) and Path(former).exists():
        raise NameTaken(f"The name {name!r} stands for {former} already. Give {path} one of its own with --name.")
    if not dry:
        manifest.settle_at(name, place)


async def _one(source: Source, run: pipeline.Run, options: argparse.Namespace) -> bool:
    run = pipeline.Run(run.library, run.manifest, run.now, run.graph, run.batch, options.may_empty)
    if options.dry_run:
        plan = await pipeline.survey(source, run)
        counts = {"new": len(plan.added), "changed": len(plan.changed), "deleted": len(plan.gone)}
        _say({"source": source.name, **counts, "unchanged": plan.unchanged}, json_wanted=options.json)
        return True
    started = time.monotonic()
    with _progress(source.name) as progress:
        summary = await pipeline.ingest(source, run, progress)
    _report(summary, time.monotonic() - started, json_wanted=options.json)
    return bool(summary.added or summary.changed or summary.unchanged or summary.deleted)


@contextmanager
def _progress(name: str) -> Iterator[pipeline.Progress]:
    """A bar on a terminal, a line every few seconds anywhere else."""
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(name, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    last = time.monotonic()

    def line(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= 5:
            last = time.monotonic()
            sys.stderr.write(f"{name}: {done} of {total} documents\n")

    yield line


def _report(summary: pipeline.Summary, seconds: float, *, json_wanted: bool) -> None:
    pages = summary.added + summary.changed
    counts: dict[str, object] = {
        "source": summary.source,
        "new": summary.added,
        "changed": summary.changed,
        "deleted": summary.deleted,
        "unchanged": summary.unchanged,
        "unreadable": len(summary.unreadable),
        "skipped": sum(summary.skipped.values()),
        "chunks": summary.chunks,
        "seconds": round(seconds, 2),
        "pages_per_second": round(pages / seconds, 1) if pages else 0,
    }
    if json_wanted:
        details = {"unreadable": [asdict(one) for one in summary.unreadable], "skipped": dict(summary.skipped)}
        _say({**counts, **details, "removed": dict(summary.removed)}, json_wanted=True)
        return
    lines = [f"  cannot read {one.id}: {one.reason}" for one in summary.unreadable[:_LISTED]]
    if len(summary.unreadable) > _LISTED:
        lines.append(f"  … and {len(summary.unreadable) - _LISTED} more")
    lines += [f"  passed over {count}: {reason}" for reason, count in summary.skipped.items()]
    lines += [f"  taken out {count} {what}" for what, count in summary.removed.items()]
    sys.stdout.write("".join(line + "\n" for line in lines))
    _say(counts, json_wanted=False)


def _say(counts: dict[str, object], *, json_wanted: bool) -> None:
    if json_wanted:
        sys.stdout.write(json.dumps(counts, ensure_ascii=False) + "\n")
        return
    facts = ", ".join(f"{value} {key.replace('_', ' ')}" for key, value in counts.items() if key != "source")
    sys.stdout.write(f"{counts['source']}: {facts}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
