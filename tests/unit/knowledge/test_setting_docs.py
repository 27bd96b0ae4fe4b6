"""Settings as people read them."""

import pytest
from pydantic import BaseModel

from bot.settings import Settings, read_settings
from knowledge.setting_docs import documentation, effective
from knowledge.setting_names import seams, vendors


class Parent(BaseModel):
    """A shape that does not ask pydantic to keep the docs."""

    one: int = 1
    """First,
    on two lines."""


class Child(Parent):
    """Adds a field."""

    two: int = 2
    """Second."""

    silent: int = 3


def test_documentation_is_the_string_below_a_field_also_of_a_parent() -> None:
    assert documentation(Child) == {"one": "First, on two lines.", "two": "Second."}


def test_every_setting_of_the_programs_is_documented() -> None:
    assert documentation(Settings).keys() == Settings.model_fields.keys()


def test_secrets_are_stars_and_tables_of_idle_vendors_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTSHIFT_WEB__TOKEN", "hunter2")
    monkeypatch.setenv("NIGHTSHIFT_CONNECTORS__STATE__SQL__URL", "postgresql+psycopg://me:hunter2@db/x")
    monkeypatch.setenv("NIGHTSHIFT_CONNECTORS__VECTORS__SERVER__API_KEY", "hunter2")

    rows = {row.name: row for row in effective(read_settings(overrides={"ports": {"llm": []}}))}

    assert (rows["web.token"].value, rows["web.token"].origin) == ("**********", "NIGHTSHIFT_WEB__TOKEN")
    assert "connectors.vectors.server" in rows
    assert "hunter2" not in str(rows)


def test_vendors_are_the_files_that_connect() -> None:
    assert {"edge", "memory", "server"} <= set(vendors("vectors"))
    assert not {"port", "__init__", "wire"} & set(vendors("vectors"))
    assert {"vectors", "weights", "formats"} <= set(seams())
