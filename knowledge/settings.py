"""The settings that both programs share, and how one file and the environment become checked values with an origin."""

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, TypeAlias, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic.types import FilePath
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from connectors.configuration import BadSettings, Roots, validate
from connectors.load import vendor
from knowledge.setting_names import Name, Stranger, leaves, nearest, stranger, vendors
from knowledge.source_settings import ConfiguredSource, configured

S = TypeVar("S", bound="SharedSettings")

PREFIX = "NIGHTSHIFT_"
FILE = "nightshift.toml"

# A vendor's values stay as they are until its own Settings read them; the list lets a variable hold one, as JSON.
Table: TypeAlias = dict[str, object | list[object]]


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return json.loads(value) if value.startswith("[") else [name.strip() for name in value.split(",") if name.strip()]


def _model(name: str) -> str:
    if name and name not in vendors("llm"):
        raise ValueError(f"no connector {name!r}; valid names: {', '.join(vendors('llm'))}.")
    return name


Names: TypeAlias = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Several names: a list in the file, separated by commas in a variable."""


class Section(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True, hide_input_in_errors=True)


class SharedPorts(Section):
    """Which vendor serves a seam: the name of a file in `connectors/<seam>/`."""

    embedding: str = "onnx"
    """What turns texts into vectors."""

    vectors: str = "edge"
    """What keeps the vectors and searches them."""

    rerank: str | None = None
    """What reads the question together with each of the best passages and orders those anew: `onnx` (a small English
    model on this machine: 35 MB to pull, 210 MB of memory, and on one core 20 to 45 ms a passage), `sbert` (any
    cross-encoder in a folder), `endpoint` (a server). None: the order stays as search gives it."""


class Ingest(Section):
    """How documents get in."""

    max_file_mb: Annotated[float, Field(gt=0)] = 25.0
    """Larger files are skipped and named."""

    batch: Annotated[int, Field(ge=1, le=512)] = 32
    """How many passages are embedded and stored at once."""

    document_seconds: Annotated[float, Field(gt=0)] = 900.0
    """How long one document may take to arrive, waiting for its origin included; then it is passed over and named."""

    sources: dict[str, Table] = Field(default={}, repr=False)
    """Where documents come from, as `[ingest.sources.NAME]`; `python -m ingest NAME` reads one, `--all` each."""

    label_with: Annotated[str, AfterValidator(_model)] = ""
    """The model that names component and symptom of a page where rules find none, as in `ports.llm`; none if empty."""


class Knowledge(Section):
    """What is known about words: ours, and the team's on top."""

    glossary: FilePath | None = None
    """A TOML file of the team's own words: `same = [["cart", "basket", "购物车"]]`."""

    taxonomy: FilePath | None = None
    """A TOML file of the team's own components and symptoms: added to ours, renamed or dropped."""

    stale_days: Annotated[int, Field(ge=1)] = 365
    """Pages whose date is older are listed as stale."""


class SharedSettings(BaseSettings):
    """What both programs read from one file. A vendor's values may be secret: they never show in a repr."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    knows_all: ClassVar[bool] = False
    """Whether a name this program does not know is a mistake, or may be the other program's."""

    home: Path = Path(".nightshift")
    """The folder that Nightshift writes to: database and index. A relative one lies in the working folder."""

    models: Path = Path("~/.cache/nightshift/models")
    """The folder of model files; several checkouts and users of one machine can share it."""

    ports: SharedPorts = SharedPorts()
    """Which vendor serves a seam."""

    ingest: Ingest = Ingest()
    """How documents get in."""

    knowledge: Knowledge = Knowledge()
    """What is known about words."""

    connectors: dict[str, dict[str, Table]] = Field(default={}, repr=False)
    """Each vendor's own settings, as `[connectors.<seam>.<vendor>]`."""

    _origins: dict[Name, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing but what ``read`` has merged: it keeps account of where each value came from."""
        return (init_settings,)

    @property
    def roots(self) -> Roots:
        """Where relative paths in vendors' settings start."""
        return Roots(self.home.expanduser().absolute(), self.models.expanduser().absolute())

    def table(self, seam: str, name: str) -> Mapping[str, object]:
        """``[connectors.<seam>.<name>]`` as it stands, ready for ``connectors.load``; empty when there is none."""
        return self.connectors.get(seam, {}).get(name, {})

    def source(self, name: str) -> ConfiguredSource:
        """``[ingest.sources.<name>]``, laid over its vendor's shared table and checked. Raises BadSettings."""
        # A vendor that reads files keeps to the limit for all files.
        limits = {"max_bytes": int(self.ingest.max_file_mb * 1e6)}
        return configured(name, self.ingest.sources[name], self.connectors.get("sources", {}), limits, self.roots)

    def enabled(self) -> list[tuple[str, str]]:
        """Each seam with a vendor that is switched on, in the order in which they are asked."""
        chosen = ((seam, getattr(self.ports, seam)) for seam in type(self.ports).model_fields)
        return [(seam, name) for seam, names in chosen for name in ([names] if isinstance(names, str) else names or ())]

    def origin(self, name: Name) -> str:
        """Where a value came from: the file, a variable, `command line` or `default`."""
        below = (origin for known, origin in self._origins.items() if known[: len(name)] == name)
        return next(below, "default")


def read(shape: type[S], config: Path | None = None, overrides: Mapping[str, object] | None = None) -> S:
    """Read file, environment and command line (the later wins), and check them with the tables of enabled vendors.

    ``config`` wins over NIGHTSHIFT_CONFIG; without both, nightshift.toml of the working folder is read if there is one.
    Raises BadSettings: one line per mistake that names file or variable, the key, and what to write instead.
    """
    variable = os.environ.get(PREFIX + "CONFIG")
    named = config or (Path(variable) if variable else None)
    path = named or Path(FILE)
    tables = {str(path): _file(shape, path, must_exist=named is not None), PREFIX: _environment(shape)}
    origins: dict[Name, str] = {}
    merged: dict[str, object] = {}
    for label, table in {**tables, "command line": overrides or {}}.items():
        origins |= {name: _variable(name) if label == PREFIX else label for name in leaves(table)}
        merged = _merge(merged, table)
    try:
        settings = shape(**merged)  # type: ignore[arg-type]  # pydantic checks what mypy cannot see
    except ValidationError as wrong:
        mistakes = [(tuple(str(part) for part in each["loc"]), each["msg"]) for each in wrong.errors()]
        raise BadSettings("\n".join(_line(name, text, origins) for name, text in mistakes)) from None
    settings._origins = origins
    _check_vendors(settings)
    return settings


def _file(shape: type[SharedSettings], path: Path, *, must_exist: bool) -> dict[str, object]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if must_exist:
            raise BadSettings(f"{path}: no such file; correct --config or {PREFIX}CONFIG.") from None
        return {}
    except tomllib.TOMLDecodeError as wrong:
        raise BadSettings(f"{path}: not TOML: {wrong}.") from None
    except (OSError, UnicodeDecodeError) as wrong:
        raise BadSettings(f"{path}: cannot be read: {wrong}.") from None
    strangers = [found for name in leaves(table) if (found := stranger(shape, name, knows_all=shape.knows_all))]
    _refuse([f"{path}: {'.'.join(found.name)}: no such setting; {found.hint}" for found in strangers])
    return table


def _environment(shape: type[SharedSettings]) -> dict[str, object]:
    lines = []
    for variable in sorted(os.environ):
        name = tuple(variable.removeprefix(PREFIX).lower().split("__"))
        if variable.startswith(PREFIX) and variable != PREFIX + "CONFIG":
            found = stranger(shape, name, knows_all=shape.knows_all)
            lines += [f"{variable}: no such setting; {_hint(found, name)}"] if found else []
    _refuse(lines)
    try:
        return cast("dict[str, object]", EnvSettingsSource(shape)())
    except (SettingsError, ValueError) as wrong:
        raise BadSettings(f"environment: {wrong}") from None


def _hint(found: Stranger, name: Name) -> str:
    if found.near is None:
        return found.hint
    depth = len(found.name)
    return f"did you mean {_spelled((*name[: depth - 1], found.near, *name[depth:]))}?"


def _refuse(lines: list[str]) -> None:
    if lines:
        raise BadSettings("\n".join(dict.fromkeys(lines)))


def _spelled(name: Name) -> str:
    return PREFIX + "__".join(name).upper()


def _variable(name: Name) -> str:
    """The variable that a value came from: its own, or one that holds a whole table as JSON."""
    spellings = [_spelled(name[:depth]) for depth in range(len(name), 0, -1)]
    return next((spelling for spelling in spellings if spelling in os.environ), spellings[0])


def _merge(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    merged = dict(below)
    for key, value in above.items():
        lower = merged.get(key)
        merged[key] = _merge(lower, value) if isinstance(lower, Mapping) and isinstance(value, Mapping) else value
    return merged


def _line(name: Name, text: str, origins: Mapping[Name, str]) -> str:
    """One mistake, led by the place to mend: the variable, or file and key."""
    found = [origins[name[:depth]] for depth in range(len(name), 0, -1) if name[:depth] in origins]
    below = [origin for known, origin in origins.items() if known[: len(name) - 1] == name[:-1]]
    place = next(iter(found or below), "settings")
    text = text.removeprefix("Value error, ")
    return f"{place}: {text}" if place.startswith(PREFIX) else f"{place}: {'.'.join(name)}: {text}"


def _check_vendors(settings: SharedSettings) -> None:
    lines = []
    for seam, name in settings.enabled():
        valid = vendors(seam)
        if name not in valid:
            near = nearest(name, valid)
            hint = f"did you mean {near!r}?" if near else f"valid names: {', '.join(valid)}."
            lines.append(_line(("ports", seam), f"no connector {name!r}; {hint}", settings._origins))
            continue
        try:
            validate(vendor(seam, name).Settings, settings.table(seam, name), settings.roots, "")
        except BadSettings as wrong:
            lines += _lines(wrong, ("connectors", seam, name), settings._origins)
    for source in settings.ingest.sources:
        try:
            settings.source(source)
        except BadSettings as wrong:
            lines += _lines(wrong, (), settings._origins)
    _refuse(lines)


def _lines(wrong: BadSettings, above: Name, origins: Mapping[Name, str]) -> list[str]:
    parts = (line.removeprefix(".").partition(": ") for line in str(wrong).splitlines())
    return [_line((*above, *place.split(".")), text, origins) for place, _, text in parts]
