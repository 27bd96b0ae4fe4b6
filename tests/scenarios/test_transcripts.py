"""Whole conversations: the bot says what the transcript says; player.py explains how they read and are renewed."""

from pathlib import Path

import pytest

from tests.scenarios.player import FILES, Misprint, replayed


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
async def test_the_bot_says_what_the_transcript_says(file: Path) -> None:
    """When the difference is wanted: python -m tests.scenarios.player."""
    written = file.read_text(encoding="utf-8")  # noqa: ASYNC240  # nobody else is on this loop

    assert await replayed(written) == written


async def test_a_transcript_gets_its_golden_lines_from_the_bot() -> None:
    head, said, tail = "given  : no model\n\nann    : hello\n", "bot    > Something it never said.\n", "\n# The end.\n"

    played = await replayed(head + said + tail)

    assert played.startswith(f"{head}bot    > Ask me about")
    assert played.endswith(f"bot    > (notice, no model)\n{tail}")
    assert "never said" not in played


@pytest.mark.parametrize(
    ("transcript", "problem"),
    [
        pytest.param("given  : a crystal ball\n", "a crystal ball", id="an-unknown-circumstance"),
        pytest.param("given  : no model\nann, in a hurry\n", "Neither a speaker", id="a-line-of-nobody"),
        pytest.param("model  : dreams of sheep\n", "dreams of sheep", id="an-unknown-step"),
        pytest.param("model  : answers Yes.\nann    : hello\n", "never asked", id="a-reply-that-nobody-wanted"),
    ],
)
async def test_a_misprint_is_pointed_out(transcript: str, problem: str) -> None:
    with pytest.raises(Misprint, match=problem):
        await replayed(transcript)
