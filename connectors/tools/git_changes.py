"""What changed: commits of configured checkouts in a window, and one commit in full, as read-only tools."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from time import time
from typing import Any

from pydantic import BaseModel, Field

from connectors.configuration import HomePath
from connectors.tools.port import BadArguments, Result, Table, Tools, ToolUnavailable
from connectors.tools.questions import Asked, Day, Question, Questions
from connectors.tools.summary import clock

# A checkout is untrusted: its configuration must not make git start other programs.
_HARMLESS = (
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "diff.external=",
    "--no-pager",
    "--no-optional-locks",
    "--literal-pathspecs",
)
_FIELDS = "%x1e%h%x1f%ct%x1f%an%x1f%s%x1f%D"
_MOST_FILES = 5


class Settings(BaseModel):
    """Which checkouts."""

    repositories: Mapping[str, HomePath] = Field(default_factory=dict)
    """Folders by the names that they are asked for by."""

    links: Mapping[str, str] = Field(default_factory=dict)
    """Address of a commit by the repository's name, with ``{commit}`` in it."""

    branch: str = "HEAD"
    """The branch that is deployed, such as ``origin/main``."""

    max_commits: int = Field(default=50, gt=0)
    """How many commits of an answer are told."""

    timeout_seconds: float = Field(default=15, gt=0)
    """How long one git command may take."""


class Commits(Day):
    """Commits of a window, the newest first, with the files they touched. Ask what changed before an incident."""

    repository: str = Field(default="", max_length=100)
    """Only this repository; all when left out."""

    path: str = Field(default="", max_length=300)
    """Only commits that touch files below this path."""

    contains: str = Field(default="", max_length=100)
    """Only commits with this in their message."""


class Commit(Asked):
    """One commit in full: its message and its difference."""

    repository: str = Field(max_length=100)
    """The repository."""

    commit: str = Field(pattern=r"^[0-9a-fA-F]{7,40}$")
    """The commit's number as git_commits gives it."""


class GitChanges:
    """Asks git for what is in a checkout; it never fetches."""

    def __init__(self, settings: Settings, now: Callable[[], float]) -> None:
        self._settings = settings
        self._now = now

    async def commits(self, asked: Commits) -> Result:
        """Commits of one repository or of all of them."""
        start, end = asked.within(self._now())
        names = [asked.repository] if asked.repository else list(self._settings.repositories)
        given = [f"--since=@{start:.0f}", f"--until=@{end:.0f}", "--numstat", f"--format={_FIELDS}"]
        given += [f"--max-count={self._settings.max_commits + 1}"]
        given += ["--fixed-strings", "--regexp-ignore-case", f"--grep={asked.contains}"] if asked.contains else []
        rows = []
        for name in names:
            below = ["--", asked.path] if asked.path else ["--"]
            written = await self._git(name, "log", *given, self._settings.branch, *below)
            rows += [(name, *row) for row in _rows(written)]
        rows.sort(key=lambda row: str(row[2]), reverse=True)
        exact = (
            f"git log {' '.join(given[:2])} {self._settings.branch} {asked.path}".strip() + f" in {', '.join(names)}"
        )
        span = f"from {clock(start)} to {clock(end)} UTC"
        if not rows:
            return Result(f"No commits {span} in {', '.join(names) or 'any repository'}.", exact)
        most = self._settings.max_commits
        text = [f"{len(rows[:most])} commits {span}:", *(" ".join(filter(None, row)) for row in rows[:most])]
        text += ["… and more; narrow the window or the path."] if len(rows) > most else []
        table = Table(("repository", "commit", "time", "author", "message", "tags", "files"), tuple(rows[:most]))
        return Result("\n".join(text), exact, table=table, truncated=len(rows) > most)

    async def commit(self, asked: Commit) -> Result:
        """Message, files and difference."""
        options = ("--stat", "--patch", "--no-ext-diff", "--no-textconv", "--format=fuller", "--date=iso-strict")
        text = await self._git(asked.repository, "show", *options, asked.commit, "--")
        link = self._settings.links.get(asked.repository, "").replace("{commit}", asked.commit)
        return Result(text.strip(), f"git show {asked.commit} in {asked.repository}", link)

    async def _git(self, repository: str, *arguments: str) -> str:
        known = self._settings.repositories
        if repository not in known:
            raise BadArguments(f"There is no repository {repository!r}; there are {', '.join(known) or 'none'}.")
        git = shutil.which("git")
        if git is None:
            raise ToolUnavailable("The git command is missing; install git.")
        process = await asyncio.create_subprocess_exec(
            git,
            *_HARMLESS,
            "-C",
            str(known[repository].expanduser()),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), self._settings.timeout_seconds)
        except TimeoutError:
            raise ToolUnavailable(f"git took too long in {known[repository]}; raise timeout_seconds.") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise _refusal(err.decode(errors="replace"), repository)
        return out.decode(errors="replace")


def _refusal(said: str, repository: str) -> Exception:
    reason = (said.strip().splitlines() or ["unknown reason"])[0][:200]
    if re.search(r"bad (?:object|revision) '?[0-9a-f]{7,40}\b|ambiguous argument '[0-9a-f]{7,40}'", reason):
        return BadArguments(f"{repository} has no such commit: {reason}")
    return ToolUnavailable(f"git cannot read {repository}: {reason}; check repositories and branch.")


def _rows(written: str) -> list[tuple[str, str, str, str, str, str]]:
    """Number, time, author, message, tags and files of each commit."""
    rows = []
    for entry in written.split("\x1e")[1:]:
        head, *files = entry.strip("\n").split("\n")
        number, at, author, message, tags = head.split("\x1f")
        touched = [line.split("\t")[2] for line in files if line.count("\t") == 2]
        more = f" and {len(touched) - _MOST_FILES} more files" if len(touched) > _MOST_FILES else ""
        shown = f"[{', '.join(touched[:_MOST_FILES])}{more}]" if touched else ""
        rows.append((number, clock(float(at)), author, message, f"({tags})" if tags else "", shown))
    return rows


@asynccontextmanager
async def connect(settings: Settings, now: Callable[[], float] = time) -> AsyncIterator[Tools]:
    """The tools; nothing is read before the first call."""
    asks = GitChanges(settings, now)
    questions: list[Question[Any]] = [
        Question("git_commits", "Commits of a window", "changes", Commits, asks.commits),
        Question("git_commit", "One commit in full", "changes", Commit, asks.commit),
    ]
    yield Questions(*questions)
