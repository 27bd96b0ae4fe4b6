"""python -m ingest PATH…, NAME…, --all, backup FILE or restore FILE: what is in the library, and how it got there."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from connectors.configuration import BadSettings
from connectors.embedding.port import EmbeddingUnavailable
from connectors.rerank.port import RerankUnavailable
from connectors.vectors.port import VectorStoreUnavailable
from ingest import command, safekeeping
from ingest.manifest import ManifestUnavailable
from ingest.report import Report
from ingest.settings import read_settings
from ingest.targets import Wanted
from knowledge.backup import BadBackup
from knowledge.glossary import BadGlossary

_SAID = (
    BadBackup,
    BadGlossary,
    BadSettings,
    EmbeddingUnavailable,
    ManifestUnavailable,
    RerankUnavailable,
    VectorStoreUnavailable,
)
_COMMANDS = ("backup", "restore")


def main(arguments: Sequence[str]) -> int:
    """0 when all was read or up to date, 1 when something was not, 2 for a wrong call, 130 when stopped by the user."""
    keeping = bool(arguments) and arguments[0] in _COMMANDS
    parser = _keeping_parser() if keeping else _parser()
    options = parser.parse_args(arguments)
    if not keeping:
        _check(parser, options)
    try:
        return 0 if asyncio.run(_keep(options) if keeping else _run(options)) else 1
    except _SAID as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. What was read is kept; the next run goes on from here.\n")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ingest",
        description="Read documents into the library.",
        epilog="`backup FILE` and `restore FILE` keep the library safe; a folder of that name is ./backup.",
    )
    what = "a folder, a file, a Git checkout, or the name of a source in the settings"
    parser.add_argument("path", nargs="*", metavar="PATH|NAME", help=what)
    parser.add_argument("--all", action="store_true", help="every source of the settings, every path read before")
    parser.add_argument("--readers", metavar="GROUPS", help="who may read PATH: sre,dba or everyone; it is remembered")
    parser.add_argument("--name", default="", help="what the source is called; default: the folder's name")
    parser.add_argument("--services", type=Path, help="the file of services; default: services.yaml in PATH or beside")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("--may-empty", action="store_true", help="delete everything of a source that is empty now")
    parser.add_argument("--forget", metavar="NAME", help="delete the documents of a source that is read no more")
    parser.add_argument("--json", action="store_true", help="one JSON object per source on standard output")
    parser.add_argument("--config", type=Path, help="the settings file; default: nightshift.toml")
    return parser


def _keeping_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingest", description="Keep the library safe.")
    parser.add_argument("command", choices=_COMMANDS, help="write the library to FILE, or put FILE in its place")
    parser.add_argument("file", type=Path, metavar="FILE", help="the backup, a ZIP archive")
    parser.add_argument("--config", type=Path, help="the settings file; default: nightshift.toml")
    return parser


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if bool(options.path) + options.all + bool(options.forget) != 1:
        parser.error("give PATH or NAME, or --all, or --forget NAME")
    if set(options.path) & set(_COMMANDS):
        parser.error("backup and restore come first: `backup FILE`; a folder of that name is ./backup")
    if options.name and len(options.path) > 1:
        parser.error("--name names one source: give one PATH with it")
    if not options.path and (options.name or options.readers is not None or options.services):
        parser.error("--name, --readers and --services go with a PATH")


async def _run(options: argparse.Namespace) -> bool:
    settings, report = read_settings(options.config), Report(options.json)
    if options.forget:
        return await command.forget(options.forget, settings, report)
    wanted = Wanted(options.path, options.all, options.name, options.readers, options.services)
    return await command.read(wanted, command.How(options.dry_run, options.may_empty), settings, report)


async def _keep(options: argparse.Namespace) -> bool:
    settings, report = read_settings(options.config), Report()
    await (safekeeping.write if options.command == "backup" else safekeeping.read)(options.file, settings, report)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
