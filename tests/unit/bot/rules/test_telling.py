"""The telling lines of long texts."""

from bot.rules.telling import telling


def test_a_text_that_fits_stays_as_it_is() -> None:
    assert telling("one\n\ntwo", (), (), 100) == "one\n\ntwo"


def test_quoted_lines_are_kept_word_for_word_wherever_they_stand() -> None:
    lines = [f"line {'ab'[n % 2] * 30}" for n in range(200)]
    text = "\n".join([*lines, "the one that counts", *lines])

    assert "the one that counts" in telling(text, ["the one that counts"], (), 300).split("\n")


def test_bad_news_come_before_others_and_lines_of_one_form_are_kept_twice() -> None:
    text = "\n".join([*(f"ok {n}" * 9 for n in range(60)), *(f"ERROR user {n} failed" for n in range(50)), "FATAL bye"])
    kept = telling(text, (), (), 200)

    assert kept.count("ERROR user") == 2
    assert "FATAL bye" in kept


def test_what_is_left_out_is_marked_and_the_room_is_kept() -> None:
    kept = telling("x" * 3000 + "\n" + "error " * 900, (), (), 500)

    assert "…" in kept
    assert len(kept) <= 500


def test_a_quote_of_several_lines_stays_in_one_piece() -> None:
    text = "\n".join([*["filler " * 9] * 90, '  "partitions": [', '     "rabbit-1"', *["other " * 9] * 90])

    assert '"partitions": [\n     "rabbit-1"' in telling(text, ['"partitions": [\n     "rabbit-1"'], (), 300)
