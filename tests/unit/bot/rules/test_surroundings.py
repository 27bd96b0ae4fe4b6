"""What stands around sentences and commands, cut out of Markdown."""

from bot.rules.surroundings import led_in, places, reading, statements
from bot.vocabulary import Evidence

TEXT = """The relay answers 421
when it is overloaded. 队列
会变长。

- **Lag flat:** nothing
  is broken
- Pause: `mailctl pause a`

Flush it:

```sh
# only at night
mailctl flush
```

| step | done |
|---|---|
| one | yes |"""


def page(text: str, heading: str = "") -> Evidence:
    return Evidence(id="p", kind="document", title="Mail", heading=heading, text=text)


def test_wrapped_lines_are_joined_and_every_item_and_row_stands_alone() -> None:
    assert statements(TEXT) == [
        "The relay answers 421 when it is overloaded.",
        "队列会变长。",
        "**Lag flat:** nothing is broken",
        "Pause: `mailctl pause a`",
        "Flush it:",
        "| step | done |",
        "|---|---|",
        "| one | yes |",
    ]


def test_code_is_told_apart_and_known_by_what_leads_it_in() -> None:
    assert reading(TEXT)[4:7] == ["Flush it:", "# only at night", "mailctl flush"]
    assert led_in(TEXT) == {"Flush it:": "```sh\n# only at night\nmailctl flush\n```"}


def test_around_code_stand_heading_text_and_comments() -> None:
    assert places(page(TEXT, "Mitigate"), "mailctl  flush") == ["Mitigate\nFlush it:\nonly at night"]


def test_around_a_command_in_a_list_stands_its_item_alone() -> None:
    assert places(page(TEXT, "Mail"), "mailctl pause a") == ["\n\n- Pause: ` `"]


def test_the_heading_nearest_to_a_command_counts() -> None:
    found = places(page("## Later\n\nDrop all:\n- `mailctl drop`", "Mitigate"), "mailctl drop")

    assert found == ["Later\nDrop all:\n- ` `"]


def test_a_command_that_stands_nowhere_has_no_place() -> None:
    assert places(page(TEXT), "mailctl drop") == []
