"""Rules of the house that no linter knows: size budgets, locks, words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "knowledge", "ingest", "connectors", "deploy/demo/shop")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
IDS = [str(file.relative_to(ROOT)) for file in FILES]
LONGEST_FILE, LONGEST_CLASS, LONGEST_FUNCTION = 300, 150, 40
# One word per concept; these say nothing about what lives in a module.
EMPTY_NAMES = {"utils", "helpers", "common", "core", "base", "manager", "service", "types", "misc"}
# Where `except Exception` may stand: around one plugin, one question at the door, one request of the demo's shop.
BROAD = {"bot/steps/gather.py", "bot/assistant.py", "deploy/demo/shop/serving.py"}
# Where a checked claim may be made: by the guard, and out of text that is quoted word for word.
CLAIM_MAKERS = {"bot/guards/citation.py", "bot/rules/extracts.py", "bot/steps/answer.py", "bot/vocabulary.py"}
# Where a query becomes one that may run: behind the guard, and nowhere else.
QUERY_MAKERS = {"bot/guards/sql.py"}
# Where an action becomes one that may be carried out: behind the last decision, and nowhere else.
APPROVED_MAKERS = {"bot/guards/claiming.py"}

# Where a choice becomes an action: behind the guard, and nowhere else.
ACTION_MAKERS = {"bot/guards/action.py"}


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def lines(node: ast.AST) -> int:
    return (getattr(node, "end_lineno", 0) or 0) - getattr(node, "lineno", 0) + 1


def calls(file: Path, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_files_classes_and_functions_stay_small(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ClassDef):
            assert lines(node) <= LONGEST_CLASS, node.name
        # A database revision is one long list of columns.
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and file.parent.name != "versions":
            assert lines(node) <= LONGEST_FUNCTION, node.name


@pytest.mark.parametrize(
    "file", [f for f in FILES if f.name != "__init__.py"], ids=[i for i in IDS if "__init__" not in i]
)
def test_a_module_opens_with_one_sentence(file: Path) -> None:
    opening = ast.get_docstring(tree(file)) or ""

    assert opening.split("\n\n")[0].rstrip().endswith("."), "says in one sentence what lives here"
    assert file.stem not in EMPTY_NAMES


def test_packages_export_nothing() -> None:
    assert [str(f) for f in FILES if f.name == "__init__.py" and f.read_text(encoding="utf-8").strip()] == []


def test_everything_is_caught_in_two_places_only() -> None:
    found = {
        str(file.relative_to(ROOT))
        for file in FILES
        for node in ast.walk(tree(file))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
    }

    assert found <= BROAD


def test_claims_are_made_behind_the_guard_only() -> None:
    makers = {
        str(file.relative_to(ROOT)) for file in FILES if file.is_relative_to(ROOT / "bot") and any(calls(file, "Claim"))
    }

    assert makers <= CLAIM_MAKERS


def test_queries_are_admitted_by_the_guard_only() -> None:
    makers = {str(file.relative_to(ROOT)) for file in FILES if any(calls(file, "AdmittedQuery"))}

    assert makers == QUERY_MAKERS


def test_actions_are_approved_by_the_guard_only() -> None:
    makers = {str(file.relative_to(ROOT)) for file in FILES if any(calls(file, "ApprovedAction"))}

    assert makers == APPROVED_MAKERS


def test_actions_are_admitted_by_the_guard_only() -> None:
    makers = {str(file.relative_to(ROOT)) for file in FILES if any(calls(file, "Action"))}

    assert makers == ACTION_MAKERS


def test_the_environment_is_read_by_settings_only() -> None:
    readers = {file.name for file in FILES if re.search(r"os\.(?:environ|getenv)", file.read_text(encoding="utf-8"))}

    assert readers <= {"settings.py"} | {file.name for file in FILES if "os.environ" in _allowed(file)}


def _allowed(file: Path) -> str:
    # A worker hands its own environment on to the process that it starts; each such line says why.
    return "\n".join(line for line in file.read_text(encoding="utf-8").splitlines() if "noqa: TID251" in line)


def test_ignored_types_name_a_code_and_a_reason() -> None:
    bare = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for file in FILES
        for line in file.read_text(encoding="utf-8").splitlines()
        if "type: ignore" in line and not re.search(r"type: ignore\[[a-z-]+\]\s+# \S", line)
    ]

    assert bare == []


def test_every_seam_has_a_port_and_a_twin() -> None:
    seams = [folder for folder in (ROOT / "connectors").iterdir() if (folder / "port.py").exists()]

    assert [seam.name for seam in seams if not (seam / "memory.py").exists()] == []


def test_every_vendor_has_settings_and_connect() -> None:
    vendors = [f for f in FILES if f.parent.parent.name == "connectors" and "async def connect" in f.read_text("utf-8")]

    assert len(vendors) > 10
    assert [str(f) for f in vendors if not re.search(r"^class Settings\(", f.read_text("utf-8"), re.MULTILINE)] == []


def test_only_ports_are_imported_by_name() -> None:
    strangers = {
        f"{file.relative_to(ROOT)} imports {module}"
        for file in FILES
        for module in _imported(file)
        if (found := re.fullmatch(r"connectors\.(\w+)\.(\w+).*", module))
        and not re.fullmatch(r"port|\w+_port", found[2])
        and not file.is_relative_to(ROOT / "connectors" / found[1])
    }

    assert strangers == set()


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
