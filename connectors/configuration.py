"""How a table of nightshift.toml becomes a checked value: unknown keys are refused, relative paths find their root."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ValidationError, ValidationInfo

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Roots:
    """Where relative paths in the settings start: what Nightshift writes, and where model files lie."""

    home: Path
    models: Path


class BadSettings(ValueError):
    """The settings cannot be used; the message names the key and what to write instead."""


def _under(root: str) -> AfterValidator:
    def resolve(value: Path, info: ValidationInfo) -> Path:
        roots = (info.context or {}).get("roots")
        return getattr(roots, root) / value.expanduser() if roots else value

    return AfterValidator(resolve)


HomePath = Annotated[Path, _under("home")]
"""A path; a relative one lies in the folder that Nightshift writes to."""

ModelPath = Annotated[Path, _under("models")]
"""A path; a relative one lies in the folder of model files."""


def validate(shape: type[T], table: Mapping[str, object], roots: Roots, where: str) -> T:
    """Check one table. Raises BadSettings with one line per mistake and the nearest valid name."""
    unknown = [key for key in table if key not in shape.model_fields]
    if unknown:
        raise BadSettings("\n".join(unknown_key(f"{where}.{key}", key, shape) for key in unknown))
    try:
        # Defaults are validated too, or a relative default path would never find its root.
        filled = {name: field.default for name, field in shape.model_fields.items() if not field.is_required()}
        return shape.model_validate({**_plain(filled), **table}, context={"roots": roots})
    except ValidationError as mistakes:
        raise BadSettings("\n".join(_line(where, cast("dict[str, object]", m)) for m in mistakes.errors())) from None


def unknown_key(path: str, key: str, shape: type[BaseModel]) -> str:
    """One line that refuses a key and offers the nearest valid name."""
    near = difflib.get_close_matches(key, list(shape.model_fields), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"valid names: {', '.join(sorted(shape.model_fields)) or 'none'}."
    return f"{path}: no such setting; {hint}"


def _plain(defaults: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in defaults.items() if isinstance(value, Path)}


def _line(where: str, mistake: Mapping[str, object]) -> str:
    place = ".".join([where, *(str(part) for part in cast("tuple[object, ...]", mistake["loc"]))])
    return f"{place}: {mistake['msg']}"
