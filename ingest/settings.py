"""All settings of ingest; the only place of this program that reads the environment."""

from collections.abc import Mapping
from pathlib import Path

from knowledge.settings import SharedSettings, read


class Settings(SharedSettings):
    """What ingest reads of nightshift.toml; the assistant's own tables are none of its business."""


def read_settings(config: Path | None = None, overrides: Mapping[str, object] | None = None) -> Settings:
    """The settings of this run. Raises BadSettings, whose lines can be shown as they are."""
    return read(Settings, config, overrides)
