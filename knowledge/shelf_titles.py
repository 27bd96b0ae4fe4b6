"""What shelves are called in both languages."""

from collections.abc import Mapping
from typing import Literal

from knowledge.shelves import NONE, Level
from knowledge.taxonomy import Taxonomy

Language = Literal["en", "zh"]

_WITHOUT: Mapping[Level, Mapping[Language, str]] = {
    "service": {"en": "General", "zh": "通用"},
    "component": {"en": "Other", "zh": "其他"},
    "symptom": {"en": "No symptom", "zh": "无特定现象"},
}


def shelf_title(level: Level, key: str, language: Language, taxonomy: Taxonomy) -> str:
    """The title of a service, component or symptom; the key itself when the taxonomy does not know it."""
    if key == NONE:
        return _WITHOUT[level][language]
    return key if level == "service" else taxonomy.title(level, key, language)
