"""Questions to a database, from the question to the evidence."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from bot.guards.sql_gate import Gate
from bot.ladder import Ladder
from bot.plugin import Patient
from bot.plugins.data import REPAIRS, Answered, Data, Unanswered, prompt
from bot.rules.entities import find_entities
from bot.rules.sql_access import Policy
from bot.rules.sql_descriptions import BadDescriptions, Descriptions, Example
from bot.rules.terms import content_terms
from bot.vocabulary import RewrittenQuery, Route, Rows, Scope
from connectors.llm.memory import Line, ScriptedModel
from connectors.llm.memory import Settings as Said
from connectors.llm.port import Level
from connectors.sql.memory import MemoryDatabase, Settings
from connectors.sql.port import AdmittedQuery, Plan, SqlRefused, SqlUnavailable
from knowledge.language import language_of

NOW = datetime(2026, 1, 7, 12, tzinfo=UTC)
TABLES: Mapping[str, object] = {
    "customer": {
        "columns": [{"name": "id", "type": "integer"}, {"name": "name"}, {"name": "email"}],
        "rows": [(1, "Ann", "ann@example.com"), (2, "Bo", "bo@example.com")],
        "key": ["id"],
    },
    "refund": {
        "columns": [
            {"name": "id", "type": "integer"},
            {"name": "customer_id", "type": "integer", "references": "customer.id"},
            {"name": "status"},
        ],
        "rows": [(1, 1, "paid"), (2, 2, "open"), (3, 1, "open")],
        "key": ["id"],
    },
}


def asked(text: str, route: Route = "data", groups: tuple[str, ...] = ()) -> RewrittenQuery:
    return RewrittenQuery(
        text=text,
        asked=text,
        searches=(text,),
        language=language_of(text),
        asked_at=NOW,
        route=route,
        entities=find_entities(text, lambda _: (), NOW),
        groups=groups,
    )


def data(
    *drafts: Mapping[str, str],
    policy: Policy | None = None,
    level: Level = "endpoint",
    examples: Sequence[tuple[str, str]] = (),
    shows: Sequence[Level] = ("endpoint", "local"),
) -> tuple[Data, ScriptedModel]:
    lines = [Line(reply=json.dumps({"missing": "", "sql": "", **one}), times=1) for one in drafts]
    model = ScriptedModel(lines, Said(level=level))
    known = Descriptions(examples=tuple(Example(question=question, sql=sql) for question, sql in examples))
    gate = Gate(MemoryDatabase(Settings.model_validate({"tables": TABLES})), policy or Policy(), known)
    return Data(gate, Ladder([model]), content_terms, shows=shows), model


async def test_a_template_answers_without_a_model() -> None:
    plugin, model = data()

    (evidence,) = await plugin.gather(asked("How many open refunds?"))

    assert evidence.kind == "data"
    assert evidence.heading == "refund"
    assert evidence.text.startswith("| number |\n| --- |\n| 2 |")
    assert evidence.query.startswith("SELECT COUNT(*) AS number FROM refund")
    assert evidence.rows == Rows(columns=("number",), rows=((2,),), total=1)
    assert model.prompts == []


async def test_a_model_writes_what_no_template_knows() -> None:
    plugin, model = data({"sql": "SELECT name FROM customer WHERE id NOT IN (SELECT customer_id FROM refund)"})

    found = await plugin.ask(asked("Which customers have never had a refund?"))

    assert isinstance(found, Answered)
    assert (found.rows.rows, found.by, found.repairs) == ((), "model", 0)
    assert "customer_id integer = customer.id" in model.prompts[0].material


async def test_an_error_is_shown_to_the_model_which_mends_it() -> None:
    plugin, model = data({"sql": "SELECT nme FROM customer"}, {"sql": "SELECT name FROM customer"})

    found = await plugin.ask(asked("names of the customers without a refund"))

    assert isinstance(found, Answered)
    assert found.repairs == 1
    assert "REFUSED QUERY\nSELECT nme FROM customer\nREASON\n" in model.prompts[1].material


async def test_it_is_mended_twice_at_most() -> None:
    plugin, model = data(*({"sql": f"DROP TABLE customer{number}"} for number in range(9)))

    (evidence,) = await plugin.gather(asked("which customers look odd"))

    assert evidence.kind == "failure"
    assert "no query for it could be run" in evidence.text
    assert len(model.prompts) == 1 + REPAIRS


async def test_the_same_mistake_again_ends_it() -> None:
    plugin, model = data(*[{"sql": "SELECT x FROM customer"}] * 3)

    found = await plugin.ask(asked("which customers look odd"))

    assert isinstance(found, Unanswered)
    assert found.sql == "SELECT x FROM customer"
    assert len(model.prompts) == 2


async def test_a_value_that_nobody_said_is_refused() -> None:
    plugin, model = data({"sql": "SELECT id FROM refund WHERE status = 'lost'"}, {"sql": "SELECT id FROM refund"})

    await plugin.ask(asked("show odd refunds"))

    assert "The value 'lost' is neither in the question nor in the schema." in model.prompts[1].material


async def test_what_the_schema_does_not_hold_is_said() -> None:
    plugin, _ = data({"missing": "phone numbers"})

    (evidence,) = await plugin.gather(asked("phone number of each customer's dog"))

    assert (evidence.kind, evidence.text) == ("failure", "it does not hold this: phone numbers")


async def test_a_model_that_misses_what_it_was_shown_is_asked_again() -> None:
    plugin, model = data({"missing": "refund"}, {"sql": "SELECT id FROM refund"})

    assert isinstance(await plugin.ask(asked("odd refunds")), Answered)
    assert "The SCHEMA does hold refund" in model.prompts[1].material


async def test_a_query_that_reads_no_table_is_no_answer() -> None:
    plugin, _ = data({"sql": "SELECT 'I cannot say'"})

    (evidence,) = await plugin.gather(asked("why do customers leave"))

    assert evidence.text == "it does not hold this: why do customers leave"


async def test_a_question_about_another_world_reaches_no_small_model() -> None:
    plugin, model = data({"sql": "SELECT 1"}, level="local")

    (evidence,) = await plugin.gather(asked("世界上有多少只企鹅？"))

    assert evidence.text == "数据库结构中没有与问题相符的内容"
    assert model.prompts == []


async def test_a_large_model_may_find_another_language_in_the_schema() -> None:
    plugin, _ = data({"sql": "SELECT count(*) FROM customer"})

    found = await plugin.ask(asked("Combien de clients?"))

    assert isinstance(found, Answered)


async def test_without_a_model_it_says_so() -> None:
    plugin, _ = data()

    (evidence,) = await plugin.gather(asked("which customers look odd"))

    assert evidence.text == "no template fits the question, and no model could write a query"


async def test_trouble_is_asked_about_only_when_it_names_a_table() -> None:
    plugin, _ = data({"sql": "SELECT count(*) FROM refund"})

    assert await plugin.gather(asked("checkout is down", "incident")) == ()
    assert len(await plugin.gather(asked("refunds are stuck", "incident"))) == 1


async def test_an_ordinary_question_is_answered_by_a_template_or_not_at_all() -> None:
    plugin, model = data({"sql": "SELECT 1"})

    assert not plugin.wants(asked("how do I page the customer team", "question"))
    assert await plugin.gather(asked("what is the latest runbook for a customer", "question")) == ()
    assert model.prompts == []


CLOSED = Policy(masked={"*.email": ("support",)}, forbidden={"customer.name": ()})


async def test_a_masked_column_is_shown_masked_except_to_its_groups() -> None:
    plugin, _ = data(*[{"sql": "SELECT id, email FROM customer ORDER BY id"}] * 2, policy=CLOSED)

    outsider = await plugin.ask(asked("list e-mail of every customer"))
    insider = await plugin.ask(asked("list e-mail of every customer", groups=("support",)))

    assert isinstance(outsider, Answered)
    assert isinstance(insider, Answered)
    assert outsider.rows.rows == ((1, "***"), (2, "***"))
    assert insider.rows.rows[0] == (1, "ann@example.com")


async def test_a_forbidden_column_is_neither_shown_to_the_model_nor_read() -> None:
    plugin, model = data(*[{"sql": "SELECT name FROM customer"}] * 2, policy=CLOSED)

    (evidence,) = await plugin.gather(asked("name of every customer"))

    assert evidence.kind == "failure"
    assert "name" not in model.prompts[0].material.partition("QUESTION")[0]


async def test_a_misspelt_policy_stops_everything() -> None:
    plugin, _ = data(policy=Policy(forbidden={"customer.emial": ()}))

    with pytest.raises(SqlUnavailable, match=r"customer\.emial"):
        await plugin.gather(asked("How many refunds?"))


class Quoting(MemoryDatabase):
    """Quotes a value of a row in what it refuses."""

    async def explain(self, query: AdmittedQuery, role: str = "") -> Plan:
        raise SqlRefused("invalid input: ann@example.com")


class Returning:
    """A model that rests when it is looked at, and is there again when it is asked."""

    usable = False

    def __init__(self, model: ScriptedModel) -> None:
        self._model = model

    def __getattr__(self, name: str) -> object:
        return getattr(self._model, name)


class Costly(MemoryDatabase):
    """Expects every query to be large."""

    async def explain(self, query: AdmittedQuery, role: str = "") -> Plan:
        return Plan(rows=1e9)


async def test_a_query_beyond_the_ceiling_is_not_run() -> None:
    plugin = Data(Gate(Costly(Settings.model_validate({"tables": TABLES}))), Ladder([]), content_terms)

    found = await plugin.ask(asked("How many refunds?"))

    assert isinstance(found, Unanswered)


ODD = ("odd refunds of Ann", "SELECT id FROM refund WHERE status = 'open' AND customer_id = 1")


async def test_a_verified_question_is_answered_by_its_own_query_without_a_model() -> None:
    plugin, model = data(examples=[ODD])

    (evidence,) = await plugin.gather(asked("Odd refunds of ANN?"))

    assert evidence.rows is not None
    assert evidence.rows.rows == ((3,),)
    assert "a query that the team has verified" in evidence.text
    assert model.prompts == []


async def test_a_verified_query_is_shown_first_to_who_asks_the_same_of_another() -> None:
    plugin, model = data({"sql": "SELECT id FROM refund WHERE status = 'open' AND customer_id = 2"}, examples=[ODD])

    found = await plugin.ask(asked("odd refunds of Bo"))

    assert isinstance(found, Answered)
    assert found.rows.rows == ((2,),)
    assert model.prompts[0].material.startswith(f"VERIFIED\n{ODD[0]}\n{ODD[1]}\nDIALECT\n")


async def test_nobody_is_shown_an_example_that_they_may_not_run() -> None:
    about_mail = ("odd mails of customers", "SELECT id FROM customer WHERE email LIKE '%x%'")
    policy = Policy(forbidden={"customer.email": ("support",)})
    plugin, model = data(*[{"sql": "SELECT id FROM customer"}] * 2, policy=policy, examples=[about_mail])

    await plugin.ask(asked("odd mails of the customers"))
    await plugin.ask(asked("odd mails of the customers", groups=("support",)))

    assert ["VERIFIED" in prompt.material for prompt in model.prompts] == [False, True]


async def test_an_example_that_may_not_run_stops_everything_with_its_reason() -> None:
    plugin, _ = data(examples=[("gone", "DELETE FROM refund")])

    with pytest.raises(BadDescriptions, match=r"this query may not run: Only a SELECT may be run"):
        await plugin.check()


async def test_a_database_that_is_down_does_not_hold_up_the_start() -> None:
    plugin, _ = data(policy=Policy(forbidden={"customer.emial": ()}))

    await plugin.check()

    with pytest.raises(SqlUnavailable):
        await plugin.ask(asked("How many refunds?"))


@pytest.mark.parametrize(("shows", "shown"), [(("local",), False), (("endpoint", "local"), True)])
async def test_sample_values_go_only_to_models_that_may_see_them(shows: Sequence[Level], *, shown: bool) -> None:
    plugin, model = data({"sql": "SELECT id FROM refund WHERE status = 'paid'"}, shows=shows)

    found = await plugin.ask(asked("odd refunds that are open"))

    assert isinstance(found, Answered)
    assert ("'paid'" in model.prompts[0].material) is shown
    assert "refund.status = 'open'" in model.prompts[0].material


async def test_what_a_local_model_may_see_reaches_no_endpoint_that_comes_back_meanwhile() -> None:
    endpoint = ScriptedModel([Line(reply="{}")], Said(level="endpoint"))
    resting = ScriptedModel(
        [Line(reply=json.dumps({"sql": "SELECT id FROM refund", "missing": ""}))], Said(level="local")
    )
    plugin, _ = data(shows=("local",))
    ladder = Ladder([Returning(endpoint), resting])

    found = await replace(plugin, ladder=ladder).ask(asked("odd refunds"))

    assert isinstance(found, Answered)
    assert endpoint.prompts == []
    assert "such as 'open', 'paid'" in resting.prompts[0].material


async def test_what_the_database_quotes_is_redacted_before_a_model_sees_it() -> None:
    plugin, model = data({"sql": "SELECT x FROM customer"}, {"sql": "SELECT y FROM customer"})
    gate = Gate(Quoting(Settings.model_validate({"tables": TABLES})))

    await replace(plugin, gate=gate).ask(asked("which customers look odd"))

    assert "ann@example.com" not in "".join(prompt.material for prompt in model.prompts)


async def test_what_models_cost_is_told_with_the_evidence() -> None:
    plugin, _ = data({"sql": "SELECT name FROM customer"})

    (evidence,) = await plugin.gather(asked("names of the customers without a refund"))

    assert evidence.spent.tokens_in > 0


@pytest.mark.parametrize(("level", "seconds"), [("endpoint", 60.0), ("local", 150.0)])
def test_it_asks_for_patience_by_the_model_that_would_write(level: Level, seconds: float) -> None:
    plugin, _ = data(level=level)

    assert isinstance(plugin, Patient)
    assert plugin.seconds == seconds


def test_the_fixed_part_of_the_prompt_does_not_change() -> None:
    assert prompt("a").instruction == prompt("b").instruction
    assert prompt("a").examples == prompt("b").examples


@pytest.mark.parametrize(("tools", "wanted"), [(None, True), ((), False), (("logs",), False), (("logs", "data"), True)])
def test_a_channel_of_certain_systems_asks_the_database_only_when_it_is_one_of_them(
    tools: tuple[str, ...] | None, *, wanted: bool
) -> None:
    plugin, _ = data()

    query = asked("how many refunds are open?").model_copy(update={"scope": Scope(tools=tools)})

    assert plugin.wants(query) is wanted


async def test_what_was_asked_for_is_in_no_log() -> None:
    plugin = Data(Gate(Quoting(Settings.model_validate({"tables": TABLES}))), Ladder([]), content_terms)

    with capture_logs() as logged:
        await plugin.ask(asked("How many refunds?"))

    assert logged == [{"event": "query refused", "by": "template", "reason": "", "log_level": "warning"}]
