"""What a newcomer runs first: the bootstrap script says in one line what is missing, and does nothing twice."""

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "deploy" / "setup.py"
GIVEN = Namespace(docs="deploy/demo")


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The script, at work in a checkout that has just been made, in a folder with a blank in its name."""
    root = tmp_path / "a checkout"
    for name in ("pyproject.toml", "connectors/weights/manifest.toml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "deploy", root / "deploy", ignore=shutil.ignore_patterns("demo", "__pycache__"))
    spec = importlib.util.spec_from_file_location("bootstrap", root / "deploy" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.chdir(root)
    return module


@pytest.fixture
def installed(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What the script would install and run, in order, with nothing of it really done."""
    done: list[str] = []
    model = tmp_path / "model.gguf"
    python = Path(bootstrap.PYTHON)

    def install(_: str, with_tests: bool) -> None:  # noqa: FBT001  # the signature of what it stands for
        done.append("install with tests" if with_tests else "install")
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()

    def module(*command: str) -> int:
        done.append(" ".join(command))
        model.touch()
        return 0

    monkeypatch.setattr(bootstrap, "install", install)
    monkeypatch.setattr(bootstrap, "module", module)
    monkeypatch.setattr(bootstrap, "model_paths", lambda: [str(model)])
    return done


def test_an_old_python_can_read_the_script() -> None:
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_the_script_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_a_python_that_is_too_old_is_named(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "ask", lambda python, _: "3.9" if python == sys.executable else None)

    assert bootstrap.main(["setup"]) == 1
    assert capsys.readouterr().err.startswith("nightshift: Python 3.11 or 3.12 is needed, found 3.9; install one")


def test_a_python_without_venv_says_which_package_has_it(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ask", lambda _, code: "3.11" if code == bootstrap.VERSION else None)

    with pytest.raises(bootstrap.Impossible, match=r"apt install python3\.11-venv"):
        bootstrap.find_python()


def test_a_full_disk_is_one_line_before_anything_is_begun(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))

    assert bootstrap.main(["setup"]) == 1
    assert "6 GB of disk are needed, 1.0 GB are free in " in capsys.readouterr().err
    assert not Path(".venv").exists()


def test_a_read_only_folder_is_one_line(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(**_: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(bootstrap.tempfile, "TemporaryFile", deny)

    with pytest.raises(bootstrap.Impossible, match=r"cannot be written \(Permission denied\)"):
        bootstrap.check_folder()


def test_a_failing_pip_is_one_line_with_its_reason_and_its_log(bootstrap: ModuleType, tmp_path: Path) -> None:
    Path(".venv/bin").mkdir(parents=True)
    pip = Path(bootstrap.PYTHON)
    pip.write_text("#!/bin/sh\necho 'Collecting torch'; echo 'ERROR: No matching distribution'; exit 1\n")
    pip.chmod(0o755)

    with pytest.raises(bootstrap.Impossible, match=r"No matching distribution\. Is a package index reachable\?"):
        bootstrap.pip("[2/3] PyTorch", ["torch"])

    assert "Collecting torch" in bootstrap.LOG.read_text()


def test_the_first_run_installs_and_the_second_does_nothing(bootstrap: ModuleType, installed: list[str]) -> None:
    bootstrap.prepare(with_tests=False)
    bootstrap.prepare(with_tests=False)

    assert installed == ["install", "bot models pull"]


def test_tests_need_more_than_a_run_and_a_run_is_content_with_it(bootstrap: ModuleType, installed: list[str]) -> None:
    bootstrap.prepare(with_tests=False)
    bootstrap.prepare(with_tests=True)
    bootstrap.prepare(with_tests=False)

    assert installed[0] == "install"
    assert installed.count("install with tests") == 1


@pytest.mark.parametrize(
    ("change", "again"),
    [
        pytest.param(lambda: Path("pyproject.toml").write_text("#"), "install", id="dependencies"),
        pytest.param(lambda: Path("nightshift.toml").write_text("#"), "bot models pull", id="settings"),
        pytest.param(lambda: Path("../model.gguf").unlink(), "bot models pull", id="a-model-was-deleted"),
    ],
)
def test_what_has_changed_is_done_again(
    bootstrap: ModuleType, installed: list[str], change: Callable[[], object], again: str
) -> None:
    bootstrap.prepare(with_tests=False)
    installed.clear()
    change()

    bootstrap.prepare(with_tests=False)

    assert installed[0] == again


def test_a_run_checks_the_port_before_it_ingests_and_serves_last(
    bootstrap: ModuleType, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap.os, "execv", lambda _, command: installed.append(" ".join(command[2:])))

    bootstrap.run(GIVEN)

    assert installed[2:] == ["bot serve --check", "ingest deploy/demo", "bot serve"]


def test_a_demo_of_an_incident_ingests_the_runbooks_first(bootstrap: ModuleType, installed: list[str]) -> None:
    assert bootstrap.main(["demo-incident", "--fault", "full-disk"]) == 0

    assert installed[2:] == ["ingest deploy/demo", "deploy.demo.shop run full-disk"]


def test_ctrl_c_is_one_line(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(bootstrap.COMMANDS, "setup", interrupt)

    assert bootstrap.main(["setup"]) == 130
    assert capsys.readouterr().err.strip() == "Interrupted. The same command goes on where this one stopped."


def test_every_target_of_the_makefile_is_a_command_of_the_script(bootstrap: ModuleType) -> None:
    targets = re.findall(r"^\t\$\(SETUP\) ([\w-]+)", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert set(targets) == set(bootstrap.COMMANDS)


@pytest.mark.parametrize("target", ["run", "test", "setup"])
def test_make_reaches_the_script_from_a_folder_with_a_blank(bootstrap: ModuleType, target: str) -> None:
    shutil.copy(ROOT / "Makefile", "Makefile")

    # `make test` runs this test: what it hands on must not change what is said here.
    alone = ["env", "--unset=MAKEFLAGS", "--unset=MAKELEVEL", "--unset=MFLAGS"]
    said = subprocess.run([*alone, "make", "-n", target], check=True, capture_output=True, text=True).stdout

    assert said.startswith(f"python3 deploy/setup.py {target}")
