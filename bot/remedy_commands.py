"""`python -m bot remedies`: the catalogue in the terminal, listed, checked, and tried without changing anything."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app import service_graph
from bot.catalogue import BadCatalogue, Catalogue
from bot.guards.action import NotAdmitted, admit_typed
from bot.parameters import properties
from bot.remedy import Choice, Remedy, worded
from bot.remedy_opening import open_catalogue
from bot.settings import Settings
from bot.vocabulary import Language
from connectors.configuration import BadSettings
from connectors.remediation.port import RemediationUnavailable
from knowledge.service_graph import ServiceGraph

_NO_FOLDER = "There is no catalogue: set `folder` in [remedies], see docs/remedies.md."
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "columns": "Id Title Risk Executor Target Owners",
        "right": "{count} remedies, no mistakes.",
        "well": "The dry run went well; nothing was changed.",
        "badly": "The dry run says that it would fail; nothing was changed.",
        "none": "{id} has no dry run.",
    },
    "zh": {
        "columns": "编号 名称 风险 执行器 目标 负责人",
        "right": "{count} 项处置，没有错误。",
        "well": "试运行通过，未做任何更改。",
        "badly": "试运行显示会失败，未做任何更改。",
        "none": "{id} 没有试运行。",
    },
}


@dataclass(frozen=True)
class Request:
    """What was typed. ``values`` are ``name=value``, for the dry run of the remedy ``id`` at the moment ``at``."""

    action: Literal["list", "check", "rehearse"]
    id: str
    values: tuple[str, ...]
    language: Language
    at: datetime
    as_json: bool = False


def remedies(settings: Settings, request: Request) -> int:
    """Carry out what was typed. The exit code: 0, or 1 after lines that say what is wrong."""
    if settings.remedies.folder is None:
        return _failed(request, [_NO_FOLDER])
    try:
        return asyncio.run(_done(settings, request))
    except BadCatalogue as bad:
        return _failed(request, bad.mistakes)
    except (BadSettings, NotAdmitted, RemediationUnavailable) as wrong:
        said = wrong.sentence(request.language) if isinstance(wrong, NotAdmitted) else str(wrong)
        return _failed(request, [said])


async def _done(settings: Settings, request: Request) -> int:
    graph = service_graph(settings)
    async with AsyncExitStack() as opened:
        catalogue = await open_catalogue(settings, graph, opened)
        if request.action == "rehearse":
            return await _rehearse(catalogue, graph, request)
    if request.action == "check":
        count = {"remedies": len(catalogue), "mistakes": []}
        _say(request, count, _WORDS[request.language]["right"].format(count=len(catalogue)))
    elif request.as_json:
        _say(request, [_told(one, request.language) for one in catalogue], "")
    else:
        Console().print(_table(catalogue, request.language))
    return 0


async def _rehearse(catalogue: Catalogue, graph: ServiceGraph, request: Request) -> int:
    given = dict(one.partition("=")[::2] for one in request.values)
    action = admit_typed(Choice(remedy=request.id, parameters=dict(given)), catalogue, graph)
    words = _WORDS[request.language]
    if not action.rehearsal:
        return _failed(request, [words["none"].format(id=action.remedy)])
    seen = await catalogue.executors[action.executor].rehearse(action, request.at)
    told = {"remedy": action.remedy, "target": action.target, "ok": seen.ok, "text": seen.text}
    _say(request, told, f"{seen.text}\n{words['well' if seen.ok else 'badly']}")
    return 0 if seen.ok else 1


def _told(remedy: Remedy, language: Language) -> dict[str, object]:
    return {
        "id": remedy.id,
        "title": worded(remedy.title, language),
        "risk": remedy.risk,
        "executor": remedy.executor,
        "target": remedy.target,
        "parameters": list(properties(remedy.parameters)),
        "owners": list(remedy.owners),
        "place": remedy.place,
        "digest": remedy.digest,
    }


def _table(catalogue: Catalogue, language: Language) -> Table:
    table = Table(*_WORDS[language]["columns"].split())
    table.columns[0].no_wrap = True
    for one in catalogue:
        cells = (one.id, worded(one.title, language), one.risk, one.executor, one.target, ", ".join(one.owners))
        # A title may hold brackets, which are no markup here.
        table.add_row(*map(Text, cells))
    return table


def _say(request: Request, value: object, text: str) -> None:
    said = json.dumps(value, ensure_ascii=False, indent=1) if request.as_json else text
    sys.stdout.write(f"{said}\n")


def _failed(request: Request, lines: tuple[str, ...] | list[str]) -> int:
    if request.as_json:
        _say(request, {"mistakes": list(lines)}, "")
    else:
        sys.stderr.write("".join(f"{line}\n" for line in lines))
    return 1
