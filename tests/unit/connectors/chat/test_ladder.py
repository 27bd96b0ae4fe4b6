"""The ladder goes down on refusals only, and its pages hold every character in order."""

from collections.abc import Awaitable, Callable

import pytest

from connectors.chat.ladder import Refused, Rung, RungName, descend, in_order, mark, pages
from connectors.chat.port import ChatUnavailable, Undeliverable


def taken(message_id: str) -> Callable[[], Awaitable[str]]:
    async def send() -> str:
        return message_id

    return send


def fails(error: Exception) -> Callable[[], Awaitable[str]]:
    async def send() -> str:
        raise error

    return send


def refused(name: RungName, reason: str) -> Rung:
    return Rung(name, fails(Refused(reason)))


def utf8(text: str) -> int:
    return len(text.encode())


async def test_the_first_rung_that_is_taken_gives_the_receipt() -> None:
    receipt = await descend("chat", [refused("card", "too many tables"), Rung("text", taken("m1"))])

    assert (receipt.channel, receipt.rung, receipt.message_id) == ("chat", "text", "m1")


async def test_every_reason_is_told_when_nothing_is_taken() -> None:
    with pytest.raises(Undeliverable, match=r"chat .* card: eleven tables; file: too large"):
        await descend("chat", [refused("card", "eleven tables"), refused("file", "too large")])


async def test_what_another_form_would_not_mend_stops_the_descent() -> None:
    with pytest.raises(ChatUnavailable, match="no network"):
        await descend("chat", [Rung("card", fails(ChatUnavailable("no network"))), Rung("text", taken("m1"))])


async def test_parts_arrive_in_order_each_by_its_own_rungs() -> None:
    sent: list[str] = []

    def part(name: str) -> Rung:
        async def send() -> str:
            sent.append(name)
            return name

        return Rung("card", send)

    first = await in_order("chat", [[part("one")], [refused("card", "no"), part("two")], [part("three")]])

    assert (first, sent) == ("one", ["one", "two", "three"])


async def test_a_part_that_arrives_in_no_form_refuses_the_whole() -> None:
    with pytest.raises(Refused, match="part 2 of 2"):
        await in_order("chat", [[Rung("card", taken("m1"))], [refused("card", "no"), refused("text", "no")]])


async def test_no_parts_at_all_are_refused() -> None:
    with pytest.raises(Refused, match="nothing to say"):
        await in_order("chat", [])


def test_parts_are_numbered_when_there_are_several() -> None:
    assert (mark(1, 1), mark(2, 3)) == ("", "(2/3)")


def test_blanks_have_no_page() -> None:
    assert pages(" \n\n\t\n", 10) == []


def test_paragraphs_stay_whole_where_they_can() -> None:
    assert pages("aaaa aaaa\n\nbbbb bbbb\n\ncc", 16) == ["aaaa aaaa", "bbbb bbbb\n\ncc"]


def test_code_that_goes_on_is_fenced_again() -> None:
    code = "```sh\n" + "\n".join(f"line {n}" for n in range(6)) + "\n```"

    assert pages(code, 34) == [
        "```sh\nline 0\nline 1\nline 2\n```",
        "```sh\nline 3\nline 4\nline 5\n```",
    ]


def test_code_that_was_never_closed_is_closed() -> None:
    assert pages("```\na\n\nb", 50) == ["```\na\n\nb\n```"]


def test_a_fence_inside_a_longer_fence_is_code() -> None:
    assert pages("````\n```\na\n```\n````\n\nb", 60) == ["````\n```\na\n```\n````\n\nb"]


def test_a_table_that_goes_on_gets_its_head_again() -> None:
    table = "| k | v |\n|---|---|\n| a | 1 |\n| b | 2 |\n| c | 3 |"

    assert pages(table, 42) == ["| k | v |\n|---|---|\n| a | 1 |\n| b | 2 |", "| k | v |\n|---|---|\n| c | 3 |"]


@pytest.mark.parametrize("most", [40, 97, 1000], ids=str)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("word " * 400, id="one-line-of-words"),
        pytest.param("字" * 900, id="no-blanks"),
        pytest.param("👩‍👩‍👧‍👦" * 150, id="joined-emoji"),
        pytest.param("مرحبا بالعالم " * 100, id="right-to-left"),
        pytest.param("```" + "x" * 300 + "\ncode\n```", id="head-longer-than-a-page"),
        pytest.param("```\n" + "x" * 3000, id="one-long-line-of-code"),
    ],
)
def test_no_page_is_too_long_and_no_character_is_lost(text: str, most: int) -> None:
    cut = pages(text, most, utf8)

    assert max(map(utf8, cut)) <= most
    kept = "".join("".join(cut).split()).replace("`", "")
    assert kept == "".join(text.split()).replace("`", "")


def test_a_visible_character_is_not_cut_in_two() -> None:
    cut = pages("👩‍👩‍👧‍👦" * 20, 70, utf8)

    assert {page.replace("👩‍👩‍👧‍👦", "") for page in cut} == {""}


def test_a_fence_inside_a_list_is_closed_where_it_was_opened() -> None:
    steps = "1. Look:\n   ```sql\n   select 1\n   ```\n2. Raise it " + "now " * 20

    assert "   ```sql\n   select 1\n   ```" in pages(steps, 60)[0]
    assert "\n```" not in "\n".join(pages(steps, 60))


def test_what_fits_stays_as_it_is() -> None:
    assert pages("- one\n- two\n```\nx\n```", 100) == ["- one\n- two\n```\nx\n```"]
