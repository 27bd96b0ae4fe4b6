"""`python -m bot knowledge`: what is known, as a tree in the terminal, and the gaps in it."""

import asyncio
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from bot.app import order_of, service_graph
from bot.settings import Settings
from connectors.embedding.port import EmbeddingUnavailable
from connectors.vectors.port import VectorStoreUnavailable
from knowledge import gap_wording, shelves
from knowledge.catalogue import Catalogue, Gaps, Order
from knowledge.chunk import Outline
from knowledge.gaps import KINDS
from knowledge.opening import open_library
from knowledge.service_graph import BadServices
from knowledge.shelf_titles import Language, shelf_title
from knowledge.shelves import Shelf


@dataclass(frozen=True)
class Request:
    """What was typed. Without ``groups`` only what everybody may read is looked at."""

    service: str = ""
    gaps: bool = False
    as_json: bool = False
    groups: tuple[str, ...] = ()
    language: Language = "en"


def show(settings: Settings, request: Request, now: datetime) -> int:
    """Print what is known, or the gaps. The exit code: 0, or 1 after one line that says what is wrong."""
    try:
        return asyncio.run(_show(settings, request, now))
    except (BadServices, EmbeddingUnavailable, VectorStoreUnavailable) as failed:
        print(" ".join(str(failed).split()), file=sys.stderr)  # noqa: T201  # the terminal is this module's job
        return 1


async def _show(settings: Settings, request: Request, now: datetime) -> int:
    async with open_library(settings) as library:
        catalogue = Catalogue(library, order_of(settings, service_graph(settings)))
        choice = {"service": [request.service]} if request.service else {}
        outlines = shelves.narrowed(await catalogue.outlines(request.groups), choice)
        if request.gaps:
            gaps = await catalogue.gaps(request.groups, now)
            print_gaps(_of_service(gaps, request.service, outlines), catalogue.order, request)
        else:
            print_tree(outlines, catalogue.order, request)
    return 0


def print_tree(outlines: Sequence[Outline], order: Order, request: Request) -> None:
    """The documents under service, component and symptom; as JSON the shelves and the documents' labels."""
    found = shelves.tree(outlines, order.services, empty=not request.service)
    if request.service:
        found = tuple(one for one in found if one.key == request.service)
    if request.as_json:
        _print_json({"shelves": [asdict(one) for one in found], "documents": [asdict(one) for one in outlines]})
        return
    root = Tree(Text(f"{len(outlines)} documents" if request.language == "en" else f"{len(outlines)} 份文档"))
    for shelf in found:
        _grow(root, shelf, (), outlines, order, request.language)
    Console().print(root)


def print_gaps(gaps: Gaps, order: Order, request: Request) -> None:
    """The gaps by kind, each with its places, and below each kind's heading what to do."""
    if request.as_json:
        _print_json([asdict(gap) for gap in gaps.found])
        return
    console = Console()
    if not gaps.found:
        console.print("No gaps were found." if request.language == "en" else "没有发现缺口。")
    for kind in KINDS:
        together = [gap for gap in gaps.found if gap.kind == kind]
        if not together:
            continue
        tree = Tree(Text(f"{gap_wording.heading(kind, request.language)} ({len(together)})", "bold"))
        tree.add(Text(gap_wording.advice(kind, request.language), "dim"))
        for gap in together:
            branch = tree.add(Text(gap_wording.said(gap, request.language, order.taxonomy)))
            for place in gap.places:
                branch.add(Text(f"{place.document_id}  {place.quote}".strip(), "dim"))
        console.print(tree)


def _grow(
    above: Tree, shelf: Shelf, place: tuple[str, ...], outlines: Sequence[Outline], order: Order, language: Language
) -> None:
    level = shelves.LEVELS[len(place)]
    branch = above.add(Text(f"{shelf_title(level, shelf.key, language, order.taxonomy)} ({shelf.count})"))
    here = shelves.narrowed(outlines, {level: [shelf.key]})
    if not shelf.shelves:
        _hang(branch, here)
    for below in shelf.shelves:
        _grow(branch, below, (*place, shelf.key), here, order, language)


def _hang(branch: Tree, outlines: Iterable[Outline]) -> None:
    for one in outlines:
        # Titles come from documents: as Text, none of it is taken for markup.
        branch.add(Text.assemble(one.title, "  ", (one.id, "dim")))


def _of_service(gaps: Gaps, service: str, outlines: Sequence[Outline]) -> Gaps:
    documents = {one.id for one in outlines}
    about = (
        gap
        for gap in gaps.found
        if not service or gap.subject == service or any(place.document_id in documents for place in gap.places)
    )
    return replace(gaps, found=tuple(about))


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))  # noqa: T201
