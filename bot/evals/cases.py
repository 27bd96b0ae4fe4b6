"""A folder of retrieval cases: documents, questions, and which documents answer which question."""

import csv
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FIELDS = ("lang", "kind", "src")


class BadCases(ValueError):
    """The folder cannot be used as cases; the message says which file and why."""


@dataclass(frozen=True)
class Case:
    """A question, its relevant documents with their grades, and the fields that results are broken down by.

    ``languages`` are those of its relevant documents when the question's own is not among them: such a case asks for
    pages of the other language, and only these are searched. Else it is empty.
    """

    id: str
    text: str
    relevant: Mapping[str, float]
    groups: tuple[str, ...]
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cases:
    """A folder of cases, read."""

    corpus: tuple[Mapping[str, object], ...]
    cases: tuple[Case, ...]


def read_cases(folder: Path) -> Cases:
    """The cases in a folder. Raises BadCases."""
    name = "corpus.jsonl.gz" if (folder / "corpus.jsonl.gz").is_file() else "corpus.jsonl"
    corpus, queries = _rows(folder / name), _rows(folder / "queries.jsonl")
    grades = _grades(folder / "qrels.tsv")
    spoken = {str(row["_id"]): str(row.get("lang") or "") for row in corpus}
    cases = [_case(row, grades[str(row["_id"])], spoken) for row in queries if str(row["_id"]) in grades]
    if not corpus or not cases:
        raise BadCases(f"{folder}: no documents, or no query with a relevant document in qrels.tsv.")
    return Cases(tuple(corpus), tuple(cases))


def _case(row: Mapping[str, object], relevant: Mapping[str, float], spoken: Mapping[str, str]) -> Case:
    groups = tuple(f"{field}={row[field]}" for field in _FIELDS if row.get(field))
    languages = {spoken.get(id, "") for id in relevant}
    across = row.get("lang") and "" not in languages and row["lang"] not in languages
    return Case(str(row["_id"]), str(row["text"]), relevant, groups, tuple(sorted(languages)) if across else ())


def _rows(path: Path) -> list[Mapping[str, object]]:
    try:
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
        rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    except (OSError, EOFError, ValueError) as problem:
        raise BadCases(f"{path}: {problem}") from problem
    if any(not isinstance(row, dict) or "_id" not in row or "text" not in row for row in rows):
        raise BadCases(f'{path}: every line must be a JSON object with "_id" and "text".')
    return rows


def _grades(path: Path) -> dict[str, dict[str, float]]:
    grades: dict[str, dict[str, float]] = {}
    try:
        rows = list(csv.reader(path.read_text("utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
        for query, document, grade in rows[1:] if rows and rows[0][:1] == ["query-id"] else rows:
            if float(grade) > 0:
                grades.setdefault(query, {})[document] = float(grade)
    except (OSError, ValueError) as problem:
        raise BadCases(
            f"{path}: {problem}; each line is query-id, corpus-id and score, separated by tabs."
        ) from problem
    return grades
