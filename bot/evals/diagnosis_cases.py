"""Recorded cases of trouble in three formats: our own, HolmesGPT's fixtures and OpenSRE's synthetic incidents."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias, cast

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from bot.evals.cases import BadCases
from bot.incident import Category, Trouble
from bot.vocabulary import Language
from connectors.alerts.port import Alert

Format: TypeAlias = Literal["own", "holmesgpt", "opensre"]

_TOLD_NOW = re.compile(
    r"(?:Query executed at|current UTC date and time (?:is|are)):?\s*(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)"
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?")
_LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
_AFTER = timedelta(minutes=30)
_CATEGORIES: Mapping[str, frozenset[Category]] = {
    "healthy": frozenset(("healthy",)),
    "configuration_error": frozenset(("configuration", "deployment", "scheduling", "certificate")),
    "resource_exhaustion": frozenset(("resource",)),
    "infrastructure": frozenset(("infrastructure", "network")),
    "dependency_failure": frozenset(("dependency",)),
    "code_defect": frozenset(("code",)),
    "data_quality": frozenset(("data",)),
    "unknown": frozenset(("unknown",)),
}


@dataclass(frozen=True)
class Case:
    """A trouble, the folder and format of its recordings, and what is expected of who looks into it.

    ``required`` are expressions that the deciding evidence meets, ``queries`` tools that have to be asked,
    ``forbidden`` expressions that no claim may meet. Without ``categories`` the sort of the cause is not measured.
    ``held`` is all that the recordings say: what is not in there nobody can reach.
    """

    name: str
    kind: Format
    recordings: Path
    trouble: Trouble
    tags: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    categories: frozenset[Category] = frozenset()
    wrong: frozenset[Category] = frozenset()
    service: str = ""
    held: str = ""


class _Expected(BaseModel):
    model_config = ConfigDict(extra="forbid")
    category: tuple[Category, ...] = ()
    service: str = ""
    evidence: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()


class _Own(BaseModel):
    model_config = ConfigDict(extra="forbid")
    question: str = ""
    language: Language = "en"
    at: AwareDatetime
    began: AwareDatetime
    services: tuple[str, ...] = ()
    environment: str = ""
    alert: Alert | None = None
    tags: tuple[str, ...] = ()
    expect: _Expected = Field(default_factory=_Expected)


def read_cases(folder: Path) -> list[Case]:
    """Every case below a folder, each in whatever format it is. Raises BadCases."""
    found = [case for place in sorted({file.parent for file in folder.rglob("*")}) for case in _case(place)]
    if not found:
        raise BadCases(f"{folder}: no case.yaml, case.json or alert.json with answer.yml below it.")
    return found


def _case(folder: Path) -> Iterator[Case]:
    try:
        if (folder / "case.yaml").is_file():
            yield _own(folder)
        elif (folder / "case.json").is_file():
            yield _holmesgpt(folder)
        elif (folder / "alert.json").is_file() and (folder / "answer.yml").is_file():
            yield _opensre(folder)
    except (OSError, ValueError, KeyError, yaml.YAMLError) as problem:
        raise BadCases(f"{folder}: {' '.join(str(problem).split())[:300]}") from problem


def _own(folder: Path) -> Case:
    try:
        given = _Own.model_validate(yaml.safe_load((folder / "case.yaml").read_text("utf-8")))
    except ValidationError as wrong:
        raise BadCases(f"{folder / 'case.yaml'}: {' '.join(str(wrong).split())[:300]}") from wrong
    alert, expect = given.alert, given.expect
    trouble = Trouble(
        id=folder.name,
        text=given.question or (f"{alert.name}: {alert.summary} {alert.description}" if alert else ""),
        language=given.language,
        at=given.at,
        began=given.began,
        services=given.services or ((alert.service,) if alert and alert.service else ()),
        environment=given.environment,
        alerts=(alert,) if alert else (),
    )
    return Case(
        folder.name,
        "own",
        folder / "recordings",
        trouble,
        given.tags,
        expect.evidence,
        expect.tools,
        expect.forbidden,
        frozenset(expect.category),
        service=expect.service,
    )


def _holmesgpt(folder: Path) -> Case:
    case = _json(folder / "case.json")
    said = case.get("user_prompt") or ""
    asked = " ".join(map(str, said)) if isinstance(said, list) else str(said)
    alert = _holmesgpt_alert(folder)
    began = alert.started_at if alert else None
    at = _recorded_at(folder) or (began + _AFTER if began else _LONG_AGO)
    checks = [str(one) for one in cast("list[object]", case.get("check_all") or [])]
    trouble = Trouble(
        id=folder.name,
        text=asked or (f"{alert.name}: {alert.summary} {alert.description}" if alert else ""),
        language="en",
        at=max(at, began) if began else at,
        began=began or at,
        identifiers=(alert.fingerprint,) if alert else (),
        alerts=(alert,) if alert else (),
    )
    return Case(
        folder.name,
        "holmesgpt",
        folder,
        trouble,
        tuple(map(str, cast("list[object]", case.get("tags") or []))) or ("untagged",),
        tuple(one for one in checks if not one.startswith("!")),
        (),
        tuple(one[1:] for one in checks if one.startswith("!")),
        held="\n".join(file.read_text("utf-8").split("\n", 2)[-1] for file in sorted(folder.glob("*.txt"))),
    )


def _holmesgpt_alert(folder: Path) -> Alert | None:
    """The alert of a case: what its issue and its request tell, under the names that alerts have."""
    files = [folder / "investigate_request.json", folder / "issue_data.json"]
    parts = [found for file in files if file.is_file() and (found := _json(file))]
    if not parts:
        return None
    told: dict[str, object] = {key: value for part in parts for key, value in part.items() if value}
    raw = cast("dict[str, object]", told.get("raw") or {})
    subject = cast("dict[str, object]", told.get("subject") or {})
    context = cast("dict[str, object]", told.get("context") or {})
    labels = _texts(raw.get("labels")) | _texts(told.get("labels"))
    kind = str(subject.get("kind") or told.get("subject_type") or "").lower()
    named = {
        "namespace": subject.get("namespace") or told.get("subject_namespace"),
        "node": subject.get("node") or told.get("subject_node"),
        "container": subject.get("container"),
    }
    named[kind] = named.get(kind) or subject.get("name") or told.get("subject_name")
    subject_labels = {
        ("job_name" if key == "job" else key): str(value) for key, value in named.items() if key and value
    }
    annotations = _texts(raw.get("annotations")) | _texts(told.get("annotations"))
    texts = [str(told.get("description") or ""), annotations.get("description", "")]
    times = (_at({**told, **raw}.get(key)) for key in ("startsAt", "starts_at", "creation_date"))
    started = next(filter(None, times), _LONG_AGO)
    name = str(told.get("aggregation_key") or context.get("issue_type") or told.get("title") or "alert")
    return Alert(
        source="recorded",
        fingerprint=str(told.get("id") or context.get("robusta_issue_id") or folder.name),
        status="firing",
        name=name,
        severity="warning",
        started_at=started,
        summary=str(told.get("title") or annotations.get("summary", "")),
        description="\n".join(dict.fromkeys(one for one in texts if one)),
        labels={**labels, **subject_labels},
        annotations=annotations,
    )


def _opensre(folder: Path) -> Case:
    answer = cast("dict[str, object]", yaml.safe_load((folder / "answer.yml").read_text("utf-8")))
    forbidden = cast("list[object]", answer.get("forbidden_categories") or [])
    wrong = [_CATEGORIES.get(str(one), frozenset()) for one in forbidden]
    right = _CATEGORIES.get(str(answer["root_cause_category"]), frozenset())
    alert = _opensre_alert(folder)
    trouble = Trouble(
        id=folder.name,
        text=f"{alert.name}: {alert.summary} {alert.description}",
        language="en",
        at=alert.started_at + _AFTER,
        began=alert.started_at,
        services=(alert.service,) if alert.service else (),
        alerts=(alert,),
    )
    return Case(
        f"{folder.parent.name}/{folder.name}",
        "opensre",
        folder,
        trouble,
        (folder.parent.name,),
        queries=tuple(map(str, cast("list[object]", answer.get("required_queries") or []))),
        categories=right,
        wrong=frozenset().union(*wrong) - right,
    )


def _opensre_alert(folder: Path) -> Alert:
    """The alert of a scenario; it does not say when, so half an hour before the last moment that its evidence names."""
    alert = _json(folder / "alert.json")
    labels, annotations = _texts(alert.get("commonLabels")), _texts(alert.get("commonAnnotations"))
    times = [at for file in folder.glob("*.json") for at in _times(file.read_text("utf-8"))]
    return Alert(
        source="recorded",
        fingerprint=folder.name,
        status="firing",
        name=labels.get("alertname") or str(alert["title"]),
        service=annotations.get("db_instance_identifier") or labels.get("service", ""),
        severity="warning",
        started_at=max(times, default=_LONG_AGO) - _AFTER,
        summary=annotations.get("summary", ""),
        description=annotations.get("description", ""),
        labels=labels,
        annotations=annotations,
    )


def _recorded_at(folder: Path) -> datetime | None:
    """When a case was recorded, as its own tools tell."""
    told = (_TOLD_NOW.findall(file.read_text("utf-8")) for file in sorted(folder.glob("*.txt")))
    return max((at for some in told for one in some if (at := _at(one))), default=None)


def _times(text: str) -> Sequence[datetime]:
    return [at for one in _MOMENT.findall(text) if (at := _at(one))]


def _at(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _texts(value: object) -> dict[str, str]:
    return {str(key): str(one) for key, one in value.items() if one} if isinstance(value, dict) else {}


def _json(file: Path) -> dict[str, object]:
    found = json.loads(file.read_text("utf-8"))
    return found if isinstance(found, dict) else {}
