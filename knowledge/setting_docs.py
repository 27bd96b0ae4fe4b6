"""Settings as people read them: every value with its origin, and an example file with every setting in it."""

import ast
import inspect
import itertools
import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, SecretStr, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from connectors.configuration import validate
from connectors.load import vendor
from knowledge.setting_names import Name, seams, vendors
from knowledge.settings import SharedSettings
from knowledge.source_settings import SEAM, ConfiguredSource, SourceTable

# Tables whose keys are chosen by whoever writes them; each entry is shown by its own shape.
_TABLES = (("connectors",), ("ingest", SEAM))


@dataclass(frozen=True)
class Row:
    """One setting: ``value`` is JSON, with stars for a secret."""

    name: str
    value: object
    origin: str


def effective(settings: SharedSettings) -> list[Row]:
    """Every setting of the program and of the enabled vendors. Values of other vendors' tables are not shown."""
    rows = list(_rows(settings, settings, ()))
    enabled = settings.enabled()
    for seam, name in enabled:
        checked = validate(vendor(seam, name).Settings, settings.table(seam, name), settings.roots, "")
        rows += _rows(settings, checked, ("connectors", seam, name))
    sources = [settings.source(name) for name in settings.ingest.sources]
    for source in sources:
        rows += _source_rows(settings, source)
    shared = {(SEAM, source.about.vendor) for source in sources}
    for seam, tables in settings.connectors.items():
        for name in tables:
            if (seam, name) not in {*enabled, *shared}:
                rows.append(Row(f"connectors.{seam}.{name}", "(set, but not enabled in ports)", "file or environment"))
    return rows


def example(shape: type[SharedSettings]) -> str:
    """A file with every setting as a comment: what it does, and its default."""
    lines = ["# Every setting with its default. Copy what you change to nightshift.toml; a variable such as"]
    lines += ["# NIGHTSHIFT_WEB__PORT=8081 does the same for one value and wins over the file."]
    lines += _section(shape, "")
    for seam in seams():
        for name in vendors(seam):
            if name != "memory":
                lines += _table(vendor(seam, name).Settings, f"connectors.{seam}.{name}")
    return "\n".join(lines) + "\n"


def documentation(shape: type[BaseModel]) -> dict[str, str]:
    """The string under each field; it is read from the source, as not every shape asks pydantic to keep it."""
    docs = {name: field.description for name, field in shape.model_fields.items() if field.description}
    for kind in reversed([kind for kind in shape.__mro__ if issubclass(kind, BaseModel) and kind is not BaseModel]):
        body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
        statements = body.body if isinstance(body, ast.ClassDef) else []
        for field, text in itertools.pairwise(statements):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
                docs[field.target.id] = str(ast.literal_eval(text.value))
    return {name: " ".join(text.split()) for name, text in docs.items() if name in shape.model_fields}


def _rows(settings: SharedSettings, section: BaseModel, above: Name) -> Iterator[Row]:
    for key in type(section).model_fields:
        value, name = getattr(section, key), (*above, key)
        if name in _TABLES:
            continue
        if isinstance(value, BaseModel):
            yield from _rows(settings, value, name)
        else:
            yield Row(".".join(name), _plain(value), settings.origin(name))


def _source_rows(settings: SharedSettings, source: ConfiguredSource) -> Iterator[Row]:
    above = ("ingest", SEAM, source.name)
    yield from _rows(settings, source.about, above)
    for key in type(source.checked).model_fields:
        if key not in ("name", *type(source.about).model_fields):
            value = getattr(source.checked, key)
            yield Row(".".join((*above, key)), _plain(value), settings.origin(source.setting(key)))


def _plain(value: object) -> object:
    if isinstance(value, SecretStr):
        return str(value)
    return TypeAdapter(object).dump_python(value, mode="json")


def _section(shape: type[BaseModel], path: str) -> list[str]:
    nested: list[str] = []
    lines: list[str] = []
    docs = documentation(shape)
    for name, field in shape.model_fields.items():
        below = f"{path}.{name}" if path else name
        if tuple(below.split(".")) in _TABLES:
            nested += _table(SourceTable, f"{below}.NAME") if name == SEAM else []
        elif isinstance(field.default, BaseModel):
            nested += ["", *_comment(docs[name]), f"[{below}]", *_section(type(field.default), below)]
        else:
            lines += ["", *_comment(docs[name]), _setting(name, field)]
    return lines + nested


def _table(shape: type[BaseModel], path: str) -> list[str]:
    docs = documentation(shape)
    lines = ["", f"#[{path}]"]
    for name, field in shape.model_fields.items():
        lines += [*_comment(docs.get(name, "")), _setting(name, field)]
    return lines


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, 116)]


def _setting(name: str, field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    if default is PydanticUndefined:
        return f"#{name} = …   (required)"
    return f"#{name} = …" if default is None else f"#{name} = {_toml(default)}"


def _toml(value: object) -> str:
    """TOML of a plain value: but for tables it is written like JSON."""
    plain = str(value) if isinstance(value, Path) else TypeAdapter(object).dump_python(value, mode="json")
    if isinstance(plain, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in plain.items()) + " }"
    return json.dumps(plain, ensure_ascii=False)
