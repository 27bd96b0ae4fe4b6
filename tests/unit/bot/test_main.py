"""The command line: exit codes, one line for a mistake, and nothing heavy for help."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.__main__ import main


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NIGHTSHIFT_MODELS", str(tmp_path / "models"))
    yield
    # A command sets up logging for its process, to a stream that is gone after the test.
    structlog.reset_defaults()


def test_settings_show_value_and_origin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("NIGHTSHIFT_WEB__PORT", "8099")
    monkeypatch.setenv("NIGHTSHIFT_WEB__TOKEN", "hunter2")

    assert main(["settings"]) == 0

    said = capsys.readouterr().out
    assert "web.port = 8099  (NIGHTSHIFT_WEB__PORT)" in said
    assert "hunter2" not in said


def test_a_mistake_in_the_settings_is_one_line_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    Path("nightshift.toml").write_text("[web]\nprot = 1\n")

    assert main(["settings"]) == 1
    assert capsys.readouterr().err == "nightshift.toml: web.prot: no such setting; did you mean 'port'?\n"


def test_models_list_says_what_is_missing_and_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0

    said = capsys.readouterr().out
    assert "multilingual-e5-small: missing\n" in said
    assert "all-minilm-l6-v2: missing, not needed\n" in said


def test_models_verify_fails_on_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "verify"]) == 1
    assert "FAIL multilingual-e5-small" in capsys.readouterr().out


def test_asking_nothing_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", " "]) == 1
    assert capsys.readouterr().err == "Type a question, or give a screenshot with --image.\n"


def test_an_unknown_model_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "pull", "gpt-9"]) == 1
    assert capsys.readouterr().err.startswith("no model gpt-9; there are ")


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, bot.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit: pass\nprint(sorted(sys.modules))"

    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    for heavy in ("torch", "onnxruntime", "llama_index", "sqlalchemy", "fastapi", "httpx"):
        assert f"'{heavy}'" not in said
