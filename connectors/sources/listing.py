"""Lists that come in pages, and documents that are asked for one by one."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from connectors.sources.polite import Failing, NoAnswer
from connectors.sources.port import Document, Entry, Unreadable

T = TypeVar("T")


@dataclass(frozen=True)
class Listed(Generic[T]):
    """All entries of a list that comes in pages. Not ``complete`` when it was longer than what was asked for."""

    items: list[T]
    complete: bool


async def listed(page: Callable[[str], Awaitable[tuple[list[T], str]]], most_pages: int) -> Listed[T]:
    """Page after page: ``page(mark)`` gives its entries and the mark of the next page, which is empty at the end.

    The first mark is empty. Raises NoAnswer when a mark comes again, as the list would never end.
    """
    items: list[T] = []
    mark, seen = "", {""}
    for _ in range(most_pages):
        some, mark = await page(mark)
        items += some
        if not mark:
            return Listed(items, complete=True)
        if mark in seen:
            raise NoAnswer("The list of entries turns in a circle; report it to those who run the API.")
        seen.add(mark)
    return Listed(items, complete=False)


async def each(
    ids: list[str], read: Callable[[str], Awaitable[Document | Unreadable]]
) -> AsyncIterator[Document | Unreadable]:
    """Documents one by one, in that order; one that cannot be had is Unreadable.

    One at which the API breaks is Unreadable too, once the next has shown that the API itself works; else it raises.
    """
    held: list[tuple[str, Failing]] = []
    for id in ids:
        try:
            found = await read(id)
        except NoAnswer as reason:
            found = Unreadable(id, str(reason), passing=True)
        except Failing as failure:
            if held:
                raise
            held.append((id, failure))
            continue
        while held:
            broken, why = held.pop()
            yield Unreadable(broken, str(why), passing=True)
        yield found
    if held:
        raise held[0][1]


def by_id(entries: Iterable[Entry]) -> list[Entry]:
    """Each entry once, sorted: what changes while a list is read comes a second time on a later page."""
    found: dict[str, Entry] = {}
    for entry in entries:
        found.setdefault(entry.id, entry)
    return [found[id] for id in sorted(found)]


def stamp(*parts: object, readers: Iterable[str]) -> str:
    """What an entry is compared by: the origin's own marks of change, and who may read it."""
    return "+".join([*(str(part) for part in parts), *sorted(readers)])
