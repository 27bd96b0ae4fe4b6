"""Checks of the machine: its Python and packages, disk, clock and port."""

import re
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path

import httpx

from bot.address import is_ours, own_url, port_problem
from bot.checks.examination import Examination, Finding, Level

_ENOUGH_DISK = 1_000_000_000
_SUPPORTED = ((3, 11), (3, 12))
_SKEW_SECONDS = 60.0


async def python(examination: Examination) -> list[Finding]:
    """The interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] in _SUPPORTED:
        return [Finding("python", "OK", version)]
    return [
        Finding("python", "FAIL", f"{version} is not supported", "Install Python 3.11 or 3.12 and run `make setup`.")
    ]


async def packages(examination: Examination) -> list[Finding]:
    """The installed packages against the pinned versions."""
    wrong = list(_unpinned())
    if not wrong:
        return [Finding("packages", "OK", "as pinned")]
    return [Finding("packages", "WARN", "; ".join(wrong), "Run `make setup`.")]


async def disk(examination: Examination) -> list[Finding]:
    """Whether the two folders can be written, and how much room they have."""
    roots, findings = examination.settings.roots, []
    for name, folder in (("home", roots.home), ("models", roots.models)):
        try:
            examination.disk.try_writing(folder)
        except OSError as denied:
            mend = f"Allow it, or set NIGHTSHIFT_{name.upper()}."
            # Models are only read at run time: a read-only folder of them is a way to share it.
            level: Level = "FAIL" if name == "home" else "WARN"
            findings.append(Finding("disk", level, f"{folder} cannot be written ({denied.strerror or denied})", mend))
            continue
        free = examination.disk.free_bytes(folder)
        text = f"{folder}: {free / 1e9:.1f} GB free"
        findings.append(
            Finding("disk", "OK", text) if free > _ENOUGH_DISK else Finding("disk", "WARN", text, "Free some.")
        )
    return findings


async def clock(examination: Examination) -> list[Finding]:
    """The clock against the endpoint's, or, without one, against the files that were written here."""
    if url := examination.settings.table("llm", "endpoint").get("api_base"):
        seen = await _date_of(str(url))
        skew = (examination.now - seen).total_seconds() if seen else 0.0
        if abs(skew) > _SKEW_SECONDS:
            return [Finding("clock", "WARN", f"{skew:+.0f} s against {url}", "Set the clock (NTP).")]
    home = examination.settings.roots.home
    latest = max((file.stat().st_mtime for file in home.glob("*")), default=0.0) if home.exists() else 0.0
    if latest - examination.now.timestamp() > _SKEW_SECONDS:
        return [Finding("clock", "WARN", f"the clock is behind files in {home}", "Set the clock (NTP).")]
    return [Finding("clock", "OK", f"{examination.now:%Y-%m-%d %H:%M} UTC")]


async def port(examination: Examination) -> list[Finding]:
    """Whether the server can listen, or does so already."""
    web = examination.settings.web
    if not (problem := port_problem(web)):
        return [Finding("port", "OK", f"{web.host}:{web.port} is free")]
    if is_ours(web):
        return [Finding("port", "OK", f"Nightshift answers at {own_url(web)}")]
    return [Finding("port", "FAIL", problem, "`python -m bot settings` shows where it is set.")]


async def _date_of(url: str) -> datetime | None:
    try:
        async with httpx.AsyncClient(timeout=5) as client:
            return parsedate_to_datetime((await client.head(url)).headers.get("Date", "")).astimezone(UTC)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None


def _unpinned() -> Iterator[str]:
    """Packages whose version differs from the pin, a local part such as `+cpu` aside."""
    for name, pin in _pins():
        try:
            found = metadata.version(name).partition("+")[0]
        except metadata.PackageNotFoundError:
            yield f"{name} {pin} is missing"
            continue
        if found != pin:
            yield f"{name} is {found}, not {pin}"


def _pins() -> Iterator[tuple[str, str]]:
    try:
        lines = metadata.requires("nightshift") or []
    except metadata.PackageNotFoundError:
        project = Path(__file__).parent.parent.parent / "pyproject.toml"
        lines = tomllib.loads(project.read_text("utf-8"))["project"]["dependencies"] if project.exists() else []
    for line in lines:
        if "extra ==" not in line and (pin := re.match(r"([\w.-]+)(?:\[[^\]]*\])?==([^\s;]+)", line)):
            yield pin[1], pin[2]
