"""What Slack accepts as a message or a view: our JSON Schema of Block Kit, and the rules that a schema cannot say.

Documented on docs.slack.dev/reference/block-kit; what is only measured says so.
"""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from connectors.chat.fakes.slack_json import Json, items, mapping, mappings, text

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

MOST_TEXT = 4_000
"""Characters of ``text``: documented for chat.update, measured for chat.postMessage (its page says 40,000)."""
MOST_IN_BLOCKS = 13_200
"""Characters of all blocks together; measured between 13,172 and 13,297 (slackapi/bolt-js#2509)."""
MOST_MARKDOWN = 12_000
MOST_BLOCKS = 50
MOST_TABLE_TEXT = 10_000
_SCHEMA = Path(__file__).parents[1] / "schemas" / "block_kit.json"
_SPOKEN = frozenset({"text", "alt_text", "fallback"})


def check_message(payload: Json) -> list[str]:
    """Why Slack, or the vendor's own models, would refuse this message; nothing when both take it."""
    found = [said for _, said in refusals(payload)]
    return found + [f"slack_sdk: {said}" for said in _by_the_vendor(mappings(payload.get("blocks")))]


def check_view(view: Json) -> list[str]:
    """Why Slack would refuse this modal or home tab."""
    found = list(_by_schema("view", view, ""))
    found += _repeated(mappings(view.get("blocks")), "/blocks")
    return found + [f"slack_sdk: {said}" for said in _by_the_vendor(mappings(view.get("blocks")))]


def refusals(payload: Json) -> list[tuple[str, str]]:
    """Pairs of Slack's error code and what it says about it, as chat.postMessage would answer."""
    blocks = mappings(payload.get("blocks"))
    found = [("invalid_blocks", said) for said in _by_schema("message", {"blocks": payload.get("blocks") or []}, "")]
    found += [("invalid_blocks", said) for said in (*_repeated(blocks, "/blocks"), *_too_many_when_split(blocks))]
    found += [("invalid_blocks", said) for said in _out_of_reach(blocks)]
    found += [("invalid_attachments", said) for said in _tables(blocks)]
    found += [("msg_blocks_too_long", said) for said in _too_long(blocks)]
    if len(text(payload.get("text"))) > MOST_TEXT:
        found.append(("msg_too_long", f"must be less than {MOST_TEXT + 1} characters [json-pointer:/text]"))
    if not _says_something(payload):
        found.append(("no_text", "no text, blocks, attachments or files"))
    return found


def view_refusals(view: Json) -> list[str]:
    """What views.open, update, push and publish would say against this view."""
    return [*_by_schema("view", view, ""), *_repeated(mappings(view.get("blocks")), "/blocks")]


def spoken(value: JsonValue) -> Iterator[str]:
    """Every text that people read in blocks."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in _SPOKEN and isinstance(inner, str):
                yield inner
            elif name not in ("value", "private_metadata"):
                yield from spoken(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from spoken(inner)


def _says_something(payload: Json) -> bool:
    others = ("blocks", "attachments", "files")
    return bool(text(payload.get("text")).strip()) or any(payload.get(name) for name in others)


def _by_schema(definition: str, value: Json, pointer: str) -> Iterator[str]:
    for error in _validator(definition).iter_errors(value):
        where = "".join(f"/{part}" for part in error.absolute_path)
        yield f"{_worded(error.validator, error.validator_value, error.message)} [json-pointer:{pointer}{where}]"


@cache
def _validator(definition: str) -> "Draft202012Validator":
    from jsonschema import Draft202012Validator

    schema = json.loads(_SCHEMA.read_text("utf-8"))
    return Draft202012Validator({**schema, "$ref": f"#/$defs/{definition}"})


def _worded(rule: object, value: object, otherwise: str) -> str:
    # In Slack's own words, which an app may look for.
    if rule == "maxLength":
        return f"must be less than {int(str(value)) + 1} characters"
    said = {
        "minLength": "must be more than 0 characters",
        "maxItems": f"no more than {value} items allowed",
        "minItems": f"no fewer than {value} items allowed",
        "required": otherwise.replace("is a required property", "is missing").replace("'", "`"),
    }
    return said.get(str(rule), f"invalid: {otherwise[:200]}")


def _repeated(blocks: Iterable[Json], pointer: str) -> list[str]:
    found, seen = [], set()
    for number, block in enumerate(blocks):
        name = text(block.get("block_id"))
        if name and name in seen:
            found.append(f"`block_id` {name} already exists [json-pointer:{pointer}/{number}/block_id]")
        seen.add(name)
        actions = [text(one.get("action_id")) for one in elements(block) if one.get("action_id")]
        twice = sorted({one for one in actions if actions.count(one) > 1})
        found += [f"`action_id` {one} already exists [json-pointer:{pointer}/{number}/elements]" for one in twice]
    return found


def elements(block: Json) -> list[Json]:
    """What can be pressed or filled in within a block."""
    return [one for one in (*mappings(block.get("elements")), mapping(block.get("accessory")),
                            mapping(block.get("element"))) if one]  # fmt: skip


def _out_of_reach(blocks: list[Json]) -> list[str]:
    return [
        f"downloading image failed [json-pointer:{pointer}/image_url]"
        for pointer, image in pictures([*blocks])
        if "image_url" in image and not text(image["image_url"]).startswith("https://")
    ]


def _too_many_when_split(blocks: list[Json]) -> list[str]:
    # Measured: Slack splits a markdown block at headings and rules, each of which is a block of its own.
    count = sum(_pieces(text(one.get("text"))) if one.get("type") == "markdown" else 1 for one in blocks)
    if len(blocks) <= MOST_BLOCKS < count:
        return [f"no more than {MOST_BLOCKS} items allowed [json-pointer:/blocks]"]
    return []


def _pieces(markdown: str) -> int:
    pieces, running = 0, False
    for kind in _kinds(markdown):
        alone = kind in ("heading_open", "hr")
        pieces += alone or not running
        running = not alone
    return pieces


def _kinds(markdown: str) -> list[str]:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    return [one.type for one in tokens if one.level == 0 and one.nesting >= 0 and one.type != "inline"]


def _tables(blocks: list[Json]) -> list[str]:
    tables = [one for one in blocks if one.get("type") == "table"]
    written = sum(_kinds(text(one.get("text"))).count("table_open") for one in blocks if one.get("type") == "markdown")
    found = ["only_one_table_allowed"] if len(tables) + written > 1 else []
    if any(sum(map(len, spoken(one.get("rows")))) > MOST_TABLE_TEXT for one in tables):
        found.append(f"the cells of a table must be less than {MOST_TABLE_TEXT + 1} characters")
    return found


def _too_long(blocks: list[Json]) -> list[str]:
    everything = sum(map(len, spoken(list(blocks))))
    written = sum(len(text(one.get("text"))) for one in blocks if one.get("type") == "markdown")
    found = [f"{everything} characters in all, of {MOST_IN_BLOCKS}"] if everything > MOST_IN_BLOCKS else []
    return [*found, *([f"{written} characters of Markdown, of {MOST_MARKDOWN}"] if written > MOST_MARKDOWN else [])]


def _by_the_vendor(blocks: list[Json]) -> Iterator[str]:
    from slack_sdk.errors import SlackObjectFormationError
    from slack_sdk.models.blocks import Block

    for number, block in enumerate(blocks):
        try:
            parsed = Block.parse(block)
            if parsed is None:
                yield f"block {number} is not known"
            else:
                parsed.validate_json()
        # The models answer what they do not understand with the errors of Python.
        except (SlackObjectFormationError, TypeError, AttributeError, LookupError, ValueError) as refused:
            yield f"block {number}: {refused}"


def pictures(blocks: JsonValue) -> Iterator[tuple[str, Json]]:
    """Each image of the blocks with the pointer to it."""
    for number, block in enumerate(items(blocks)):
        at = f"/blocks/{number}"
        for where, one in ((at, mapping(block)), (f"{at}/accessory", mapping(mapping(block).get("accessory"))),
                           *((f"{at}/elements/{n}", mapping(e))
                             for n, e in enumerate(items(mapping(block).get("elements"))))):  # fmt: skip
            if one.get("type") == "image":
                yield where, one
