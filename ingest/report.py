"""What a run says: a summary for each source, the progress before it, and as JSON the same for programs."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ingest.manifest import Plan
from ingest.pipeline import Summary

_LISTED = 10
_SECONDS_BETWEEN_LINES = 5


@dataclass(frozen=True)
class Report:
    """Writes to standard output, as text or as one JSON object per source; problems go to standard error."""

    json_wanted: bool = False

    def plan(self, source: str, plan: Plan) -> None:
        """What would be done, with the first names of each kind."""
        named = {"new": plan.added, "changed": plan.changed, "deleted": plan.gone}
        counts = {"source": source, **{key: len(ids) for key, ids in named.items()}, "unchanged": plan.unchanged}
        if self.json_wanted:
            self._say({**counts, "names": {key: ids[:_LISTED] for key, ids in named.items()}})
            return
        for key, ids in named.items():
            _listed(f"  {key} ", ids)
        self._say(counts)

    def summary(self, summary: Summary, seconds: float) -> None:
        """What was done, what could not be read and what was taken out."""
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
        if self.json_wanted:
            details = {"unreadable": [asdict(one) for one in summary.unreadable], "skipped": dict(summary.skipped)}
            kept = {
                "removed": dict(summary.removed),
                "labelled": dict(summary.labelled),
                "missing": list(summary.missing),
            }
            self._say({**counts, **details, **kept})
            return
        _listed("  cannot read ", [f"{one.id}: {one.reason}" for one in summary.unreadable])
        for reason, count in summary.skipped.items():
            _write(f"  passed over {count}: {reason}")
        for what, count in summary.removed.items():
            _write(f"  taken out {count} {what}")
        for what, count in summary.labelled.items():
            _write(f"  {what}: {count}")
        self._say(counts)

    def failure(self, source: str, problem: Exception) -> None:
        """A source that could not be read; the others go on."""
        said = str(problem)
        sys.stderr.write(said if source in said else f"{source}: {said}")
        sys.stderr.write("\n")
        if self.json_wanted:
            self._say({"source": source, "error": said})

    def end(self, failed: Sequence[str], total: int) -> None:
        """How many sources were not read, when there were several."""
        if failed and total > 1:
            sys.stderr.write(f"{len(failed)} of {total} sources were not read: {', '.join(failed)}\n")

    def missing(self, sources: Sequence[str]) -> None:
        """What keeps a new index from taking the old one's place."""
        if sources:
            sys.stderr.write(
                f"The new index is built beside the old one; still missing: {', '.join(sources)}. "
                "Run `python -m ingest --all`.\n"
            )

    def note(self, text: str) -> None:
        """Something to know that is no failure."""
        sys.stderr.write(f"{text}\n")

    def _say(self, counts: Mapping[str, object]) -> None:
        if self.json_wanted:
            sys.stdout.write(json.dumps(counts, ensure_ascii=False) + "\n")
            return
        facts = ", ".join(f"{value} {key.replace('_', ' ')}" for key, value in counts.items() if key != "source")
        _write(f"{counts['source']}: {facts}")


@contextmanager
def progress(name: str) -> Iterator[Callable[[int, int], None]]:
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
        if time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            sys.stderr.write(f"{name}: {done} of {total} documents\n")

    yield line


def _listed(before: str, lines: Sequence[str]) -> None:
    for line in lines[:_LISTED]:
        _write(f"{before}{line}")
    if len(lines) > _LISTED:
        _write(f"  … and {len(lines) - _LISTED} more")


def _write(line: str) -> None:
    # Names come from documents: what would move a terminal's cursor is shown as a mark.
    sys.stdout.write("".join(sign if sign.isprintable() else "\ufffd" for sign in line) + "\n")
