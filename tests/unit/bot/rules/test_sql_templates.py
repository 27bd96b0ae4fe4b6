"""Templates: what they answer exactly, and what they leave to a model."""

from datetime import UTC, datetime

import pytest

from bot.rules.sql_linking import link
from bot.rules.sql_templates import Asked, template
from bot.rules.terms import content_terms
from bot.rules.windows import find_window
from connectors.sql.port import Dialect
from tests.unit.bot.rules.sql_shop import SHOP

NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)
FROM = "FROM incident JOIN service ON incident.service_id = service.id"


def written(question: str, dialect: Dialect = "postgres") -> str | None:
    linked = link(question, SHOP, content_terms)
    return template(Asked(question, linked, SHOP, dialect, find_window(question, NOW), 200), content_terms)


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("How many incidents are there?", "SELECT COUNT(*) AS number FROM incident"),
        ("有多少个故障单 incident？", None),
        (
            "how many open P1 incidents",
            "SELECT COUNT(*) AS number FROM incident WHERE incident.severity = 'P1' AND incident.status = 'open'",
        ),
        (
            "How many incidents per service?",
            f"SELECT service.name, COUNT(*) AS number {FROM} GROUP BY service.name ORDER BY number DESC LIMIT 200",
        ),
        (
            "top 3 services by number of incidents",
            f"SELECT service.name, COUNT(*) AS number {FROM} GROUP BY service.name ORDER BY number DESC LIMIT 3",
        ),
        (
            "哪个服务的事故最多？",
            f"SELECT service.name, COUNT(*) AS number {FROM} GROUP BY service.name ORDER BY number DESC LIMIT 5",
        ),
        (
            "number of incidents by severity",
            "SELECT incident.severity, COUNT(*) AS number FROM incident GROUP BY incident.severity"
            " ORDER BY number DESC LIMIT 200",
        ),
        (
            "count of incidents by team",
            f"SELECT service.team, COUNT(*) AS number {FROM} GROUP BY service.team ORDER BY number DESC LIMIT 200",
        ),
        (
            "latest deployment of checkout in production",
            "SELECT * FROM deployment WHERE deployment.env = 'prod' AND deployment.service_id IN"
            " (SELECT id FROM service WHERE name = 'checkout') ORDER BY deployment.deployed_at DESC LIMIT 1",
        ),
        ("last 5 deployments", "SELECT * FROM deployment ORDER BY deployment.deployed_at DESC LIMIT 5"),
        (
            "average duration of incidents per service",
            f"SELECT service.name, AVG(incident.duration_minutes) AS average {FROM} GROUP BY service.name",
        ),
        (
            "昨天有多少次部署",
            "SELECT COUNT(*) AS number FROM deployment WHERE deployment.deployed_at >= '2026-01-06 00:00:00+00'"
            " AND deployment.deployed_at < '2026-01-07 00:00:00+00'",
        ),
    ],
)
def test_a_common_question_has_its_query(question: str, sql: str | None) -> None:
    assert written(question) == sql


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("how many incidents are not open", id="turned around"),
        pytest.param("how many incidents are open or resolved", id="either of two values"),
        pytest.param("有多少个未 resolved 的事故", id="turned around in Chinese"),
        pytest.param("how many incidents were caused by DNS", id="a word left over"),
        pytest.param("how many incidents in 2025", id="a number left over"),
        pytest.param("how many incidents lasted longer than an hour", id="a comparison"),
        pytest.param("how many incidents in February", id="a span of time that no rule reads"),
        pytest.param("why does the payments service have the most incidents", id="a reason"),
        pytest.param("how many incidents did ledger have", id="a name that no column is known to hold"),
        pytest.param("open incidents", id="no figure asked for"),
        pytest.param("how many services were there yesterday", id="a time, and no column for it"),
    ],
)
def test_anything_that_might_change_the_answer_is_left_to_a_model(question: str) -> None:
    assert written(question) is None


def test_the_time_column_is_the_one_that_the_question_names() -> None:
    assert "incident.resolved_at >=" in str(written("how many incidents were resolved yesterday"))


def test_sqlite_compares_moments_in_one_form() -> None:
    assert "datetime(deployment.deployed_at) >= '2026-01-06 00:00:00'" in str(
        written("how many deployments yesterday", "sqlite")
    )
