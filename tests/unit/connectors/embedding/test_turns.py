"""Who goes next at a worker."""

import asyncio

from connectors.embedding.turns import Turns


async def visit(turns: Turns, name: str, order: list[str], *, urgent: bool = False) -> None:
    async with turns.take(urgent=urgent):
        order.append(name)
        await asyncio.sleep(0)


async def test_the_urgent_go_first_and_equals_in_order() -> None:
    turns, order = Turns(), list[str]()

    await asyncio.gather(
        visit(turns, "first", order),
        visit(turns, "passage 1", order),
        visit(turns, "passage 2", order),
        visit(turns, "query 1", order, urgent=True),
        visit(turns, "query 2", order, urgent=True),
    )

    assert order == ["first", "query 1", "query 2", "passage 1", "passage 2"]


async def test_a_cancelled_wait_costs_nobody_a_turn() -> None:
    turns, order = Turns(), list[str]()
    waiting = [asyncio.ensure_future(visit(turns, name, order)) for name in ("first", "given up", "last")]
    await asyncio.sleep(0)
    waiting[1].cancel()

    await asyncio.gather(*waiting, return_exceptions=True)

    assert order == ["first", "last"]


async def test_a_turn_given_to_someone_just_cancelled_is_passed_on() -> None:
    turns, order = Turns(), list[str]()
    async with turns.take(urgent=False):
        given_up = asyncio.ensure_future(visit(turns, "given up", order))
        last = asyncio.ensure_future(visit(turns, "last", order))
        await asyncio.sleep(0)
    given_up.cancel()

    await last

    assert order == ["last"]
