"""`python -m bot models list | pull | verify`."""

import asyncio
import json
from collections.abc import Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from bot.model_files import Model, Status, manifest, named, needed, status, verify
from bot.model_pull import pull
from bot.settings import Settings
from connectors.weights.port import Progress as Report

_WORTH_A_LINE = 5_000_000


class Bars:
    """Progress on a terminal; where output goes to a file, only lines."""

    def __init__(self, console: Console) -> None:
        columns = BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
        name = TextColumn("{task.description}")
        self.progress = Progress(name, *columns, console=console, disable=not console.is_terminal)

    def say(self, line: str) -> None:
        """Print above the bars."""
        self.progress.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def bar(self, label: str, total: int) -> Report:
        """Add a bar as soon as there is progress; most sources have nothing to offer."""
        tasks: list[TaskID] = []

        def report(done: int, total: int) -> None:
            if not tasks:
                tasks.append(self.progress.add_task(label, total=total))
                if not self.progress.console.is_terminal and total > _WORTH_A_LINE:
                    self.say(f"{label}: {total / 1e6:,.0f} MB …")
            self.progress.update(tasks[0], completed=done, total=total)

        return report


def list_models(settings: Settings, *, as_json: bool) -> int:
    """Print every model, whether it is there, and what it is for."""
    folder, models = settings.roots.models, manifest()
    wanted = needed(models, settings.enabled())
    if as_json:
        rows = [
            {
                "name": model.name,
                "status": status(model, folder).value,
                "needed": model in wanted,
                "path": str(folder / model.name),
                "bytes": model.size_bytes,
                "licence": model.licence,
                "purpose": model.purpose,
                "files": {file.name: file.sha256 for file in model.file},
            }
            for model in models
        ]
        print(json.dumps(rows, indent=2))  # noqa: T201
        return 0
    print(folder)  # noqa: T201  # this command's output
    for model in models:
        found = status(model, folder).value if model in wanted else f"{status(model, folder).value}, not needed"
        print(f"{model.name}: {found}\n    {model.purpose} ({model.licence}, {model.size_bytes / 1e6:,.0f} MB)")  # noqa: T201
    return 0


def pull_models(settings: Settings, names: list[str]) -> int:
    """Download what is missing: the models of these names, or those that the settings need. Raises PullFailed."""
    models = named(manifest(), names) if names else needed(manifest(), settings.enabled())
    if all(status(model, settings.roots.models) is Status.READY for model in models):
        return 0
    bars = Bars(Console())
    with bars.progress:
        asyncio.run(pull(models, settings, bars))
    bars.say(f"Models are ready in {settings.roots.models}.")
    return 0


def verify_models(settings: Settings, names: list[str]) -> int:
    """Hash every model that is there; 1 when one of them, or one that was asked for by name, is not as it should be."""
    folder, models = settings.roots.models, manifest()
    chosen = named(models, names) if names else _there_or_needed(models, settings)
    wrong = 0
    for model in chosen:
        lines = verify(model, folder)
        print(f"{'FAIL' if lines else 'OK  '} {model.name}")  # noqa: T201  # this command's output
        for line in lines:
            print(f"       {line}")  # noqa: T201
        wrong += bool(lines)
    if wrong:
        print("Delete what failed and run `python -m bot models pull`.")  # noqa: T201
    return 1 if wrong else 0


def _there_or_needed(models: Sequence[Model], settings: Settings) -> list[Model]:
    wanted = needed(tuple(models), settings.enabled())
    return [model for model in models if model in wanted or (settings.roots.models / model.name).exists()]
