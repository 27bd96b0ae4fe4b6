"""What may be in a Feishu card: the schema of JSON 2.0 as far as we use it, and the rules that no schema can say.

Sources: open.feishu.cn, "card JSON 2.0 structure" with the pages of its components, and the error codes of
cardkit-v1 and im-v1/message.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from connectors.chat.fakes.feishu_terms import Json, Limits, compact

SCHEMA = Path(__file__).parent.parent / "schemas" / "feishu_card.json"
CONTAINERS = frozenset({"column_set", "form", "collapsible_panel", "interactive_container"})
INPUTS = frozenset({"input", "select_static", "multi_select_static", "select_person", "date_picker", "checker"})
GONE = frozenset({"action", "note"})
"""Tags of JSON 1.0 that JSON 2.0 refuses by a code of its own."""
TAGS = (
    CONTAINERS
    | INPUTS
    | {"column", "markdown", "lark_md", "plain_text", "div", "hr", "img", "img_combination", "table", "button", "audio"}
    | {"overflow", "chart", "person", "person_list", "text_tag", "standard_icon", "custom_icon", "select_img"}
    | {"multi_select_person", "picker_time", "picker_datetime"}
)
_OPAQUE = frozenset({"chart_spec", "value", "rows", "behaviors"})
_ELEMENT_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,19}")
_CODE = re.compile(r"(`{3,}|~{3,}).*?(?:\1|\Z)|`[^`\n]*`", re.DOTALL)
_TABLE = re.compile(r"^ {0,3}\|?(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*(?::?-+:?)?[ \t]*$", re.MULTILINE)
_IMAGE = re.compile(r"!\[[^\]\n]{0,300}\]\(\s{0,9}([^)\s]{1,300})")
_MENTION = re.compile(r"<at\s{1,9}(?:id|ids|email|user_id)\s{0,9}=\s{0,9}[\"']?([^\s\"'>]{0,100})")


@dataclass(frozen=True)
class Fault:
    """Something the platform refuses: its code, where it is, and what it is."""

    code: int
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where or 'card'}: {self.what} ({self.code})"


@dataclass(frozen=True)
class Known:
    """What an id in a card may refer to; None is anything."""

    pictures: frozenset[str] | None = None
    people: frozenset[str] | None = None


@dataclass(frozen=True)
class Part:
    """An element of a card, where it is, and the tags of the elements around it."""

    path: str
    element: Json
    around: tuple[str, ...]

    @property
    def tag(self) -> str:
        return str(self.element["tag"])


def check_card(card: Json | str, limits: Limits | None = None) -> list[str]:
    """What is wrong with a card, as the platform would see it and by our own stricter schema; nothing when it is good.

    A string is the card as it is sent, so that its bytes are counted as they are.
    """
    limits = limits or Limits()
    sent = card if isinstance(card, str) else compact(card)
    try:
        body = json.loads(sent)
    except ValueError as error:
        return [f"card: not JSON: {error}"]
    if not isinstance(body, dict):
        return ["card: not an object"]
    schema = [f"{error.json_path}: {error.message[:300]}" for error in _validator().iter_errors(body)]
    everybody = [
        f"{part.path}: mentions everybody" for part in parts(body) if "all" in _MENTION.findall(prose(part.element))
    ]
    return schema + everybody + [str(fault) for fault in faults(body, limits, size=len(sent.encode()))]


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def faults(card: Json, limits: Limits, *, size: int = 0, known: Known | None = None) -> list[Fault]:
    """What the platform refuses in a card of JSON 2.0; ``size`` is its bytes as sent."""
    if not card:
        return [Fault(300307, "", "The card DSL is empty")]
    found = [] if card.get("schema") == "2.0" else [Fault(300303, "schema", "Only schema 2.0 is supported")]
    if (card.get("config") or {}).get("update_multi") is False:
        found.append(Fault(300302, "config.update_multi", "update_multi property is false"))
    size = size or len(compact(card).encode())
    if size > limits.card_bytes:
        found.append(Fault(200860, "", f"Card content exceeds limit: {size} bytes of {limits.card_bytes}"))
    all_parts = list(parts(card))
    if len(all_parts) > limits.elements:
        found.append(
            Fault(300305, "", f"The number of card components exceeds {limits.elements}: {len(all_parts)}"),
        )
    for rule in _RULES:
        found += rule(all_parts, limits, known or Known())
    return found


def parts(card: object, path: str = "", around: tuple[str, ...] = ()) -> Iterator[Part]:
    """Every element of a card, the outer before the inner."""
    if isinstance(card, list):
        for number, one in enumerate(card):
            yield from parts(one, f"{path}[{number}]", around)
    elif isinstance(card, dict):
        tag = card.get("tag")
        if isinstance(tag, str):
            yield Part(path, card, around)
            around = (*around, tag)
        for name, value in card.items():
            if name not in _OPAQUE:
                yield from parts(value, f"{path}.{name}" if path else name, around)


def prose(element: Json) -> str:
    """The Markdown of an element without its code."""
    content = element.get("content")
    marked = isinstance(content, str) and element.get("tag") in ("markdown", "lark_md")
    return _CODE.sub("", str(content)) if marked else ""


def tables_in(element: Json) -> int:
    """How many tables an element shows: one for a table, and those of its Markdown."""
    if element.get("tag") == "table":
        return 1
    lines = prose(element)
    # A row of dashes is a table only under a row of as many names.
    return sum(1 for found in _TABLE.finditer(lines) if "|" in lines[: found.start()].rstrip("\n").rpartition("\n")[2])


def _tags(all_parts: list[Part], limits: Limits, known: Known) -> Iterator[Fault]:
    for part in all_parts:
        if part.tag in GONE:
            what = f"cards of schema V2 no longer support this capability: unsupported tag {part.tag}"
            yield Fault(200861, part.path, what)
        elif part.tag not in TAGS:
            yield Fault(200621, part.path, f"unknown tag {part.tag}")
        if sum(tag in CONTAINERS for tag in part.around) > limits.nesting:
            yield Fault(200621, part.path, f"nested in more than {limits.nesting} containers")


def _ids(all_parts: list[Part], limits: Limits, known: Known) -> Iterator[Fault]:
    ids = Counter(str(part.element["element_id"]) for part in all_parts if part.element.get("element_id"))
    for one, times in ids.items():
        if times > 1:
            yield Fault(300301, one, "Duplicate element_id in card component.")
        if not _ELEMENT_ID.fullmatch(one):
            yield Fault(200621, one, "element_id: letters, digits and _, a letter first, at most 20")


def _tables(all_parts: list[Part], limits: Limits, known: Known) -> Iterator[Fault]:
    counts = [tables_in(part.element) for part in all_parts]
    if sum(counts) > limits.tables:
        yield Fault(11310, "", f"card table number over limit: {sum(counts)} of {limits.tables}")
    for part, count in zip(all_parts, counts, strict=True):
        if part.tag == "markdown" and count > limits.tables_per_markdown:
            yield Fault(11310, part.path, f"card table number over limit: {count} in one markdown")
        if part.tag == "table":
            yield from _table(part)


def _table(part: Part) -> Iterator[Fault]:
    if part.around:
        yield Fault(200621, part.path, f"a table inside {part.around[-1]}")
    columns, rows = part.element.get("columns"), part.element.get("rows")
    names = [column.get("name") for column in columns] if isinstance(columns, list) else []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        yield Fault(200914, part.path, "table rows is invalid")
        return
    if not all(names) or len(set(names)) < len(names):
        yield Fault(200915, part.path, "table columns need names, each its own")
    strangers = {name for row in rows for name in row} - set(names)
    if strangers:
        yield Fault(200915, part.path, f"table rows name is invalid: {', '.join(sorted(map(str, strangers)))}")


def _forms(all_parts: list[Part], limits: Limits, known: Known) -> Iterator[Fault]:
    names = Counter(
        str(part.element["name"]) for part in all_parts if part.tag != "column" and part.element.get("name")
    )
    for name, times in names.items():
        if times > 1:
            yield Fault(200530, name, "the name of a form or of what is in it must be its own")
    for part in all_parts:
        if part.tag == "form":
            yield from _form(part)
        elif "form" in part.around and part.tag in INPUTS | {"button"} and not part.element.get("name"):
            yield Fault(200530, part.path, f"a {part.tag} in a form needs a name")


def _form(part: Part) -> Iterator[Fault]:
    inside = [inner.element for inner in parts(part.element.get("elements"))]
    if part.around:
        yield Fault(200621, part.path, f"a form inside {part.around[-1]}")
    if not part.element.get("name"):
        yield Fault(200530, part.path, "a form needs a name")
    if not any(one["tag"] == "button" and submits(one) for one in inside):
        yield Fault(200530, part.path, "a form needs a button that submits it")


def submits(button: Json) -> bool:
    """Whether pressing the button sends its form."""
    return button.get("form_action_type") == "submit" or button.get("action_type") == "form_submit"


def _references(all_parts: list[Part], limits: Limits, known: Known) -> Iterator[Fault]:
    for part in all_parts:
        pictures = _IMAGE.findall(prose(part.element))
        if part.tag in ("img", "custom_icon"):
            pictures.append(str(part.element.get("img_key")))
        for key in pictures:
            if not key.startswith("img_") or (known.pictures is not None and key not in known.pictures):
                yield Fault(200570, part.path, f"card contains invalid image keys: image key {key}")
        for key in _MENTION.findall(prose(part.element)):
            if key != "all" and known.people is not None and key not in known.people:
                yield Fault(100290, part.path, f"There is an invalid user resource(at/person) in your card: {key}")


def _charts(all_parts: list[Part], limits: Limits, known: Known) -> Iterator[Fault]:
    for part in all_parts:
        spec: Any = part.element.get("chart_spec")
        if part.tag == "chart" and not (isinstance(spec, dict) and spec.get("type") and spec.get("data")):
            yield Fault(200550, part.path, "chart spec is invalid")


_Rule = Callable[[list[Part], Limits, Known], Iterator[Fault]]
_RULES: tuple[_Rule, ...] = (_tags, _ids, _tables, _forms, _references, _charts)
