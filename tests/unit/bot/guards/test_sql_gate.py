"""The gate before a database: who may read what of it, and what stops everything."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.guards.sql_gate import SCHEMA_SECONDS, Gate, NotRun, open_gate
from bot.guards.sql_rights import remarks
from bot.guards.sql_samples import without_secrets
from bot.rules.sql_access import Policy
from bot.rules.sql_descriptions import BadDescriptions
from bot.settings import Settings as Everything
from connectors.sql.memory import MemoryDatabase, Settings
from connectors.sql.port import Column, Rights, Schema, SqlRefused, SqlUnavailable, Table
from tests.unit.bot.rules.sql_shop import SHOP


class Roles(MemoryDatabase):
    """Shows each role its own schema, and counts how often it is looked at."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        super().__init__(Settings())
        self.schemas, self.reads = schemas, 0

    async def schema(self, role: str = "") -> Schema:
        self.reads += 1
        return self.schemas[role]


SERVICES, EMPTY = Schema(SHOP.tables[2:], "public"), Schema((), "public")
BY_ROLE = {"": EMPTY, "all": SHOP, "some": SERVICES}
POLICY = Policy(roles={"leads": "all", "staff": "some"}, masked={"incident.status": ()})


async def test_each_role_reads_its_own_tables_and_a_policy_may_name_any_of_them() -> None:
    gate = Gate(Roles(BY_ROLE), POLICY)

    tables = {group: len((await gate.readable((group,))).shown.tables) for group in ("leads", "staff", "nobody")}

    assert tables == {"leads": 3, "staff": 1, "nobody": 0}


async def test_a_name_that_no_role_sees_stops_everybody() -> None:
    gate = Gate(Roles(BY_ROLE), Policy(roles=POLICY.roles, forbidden={"incident.statsu": ()}))

    with pytest.raises(SqlUnavailable, match=r"incident\.statsu"):
        await gate.readable(("staff",))


async def test_the_schema_is_read_anew_only_when_it_is_old() -> None:
    database, clock = Roles({"": SHOP}), [0.0]
    gate = Gate(database, clock=lambda: clock[0])

    for seconds in (0.0, SCHEMA_SECONDS, SCHEMA_SECONDS + 1):
        clock[0] = seconds
        await gate.readable(())

    assert database.reads == 2


async def test_what_everybody_of_a_role_may_know_has_no_values_of_masked_columns() -> None:
    policy = Policy(masked={"service.team": ("leads",)})
    readable = await Gate(Roles({"": SHOP}), policy).readable(("leads",))

    team = [
        column.samples
        for schema in (readable.shown, readable.common)
        for table in schema.tables
        for column in table.columns
        if column.name == "team"
    ]
    assert team == [("money", "shop"), ()]


class Silent(Roles):
    """Refuses to tell its tables."""

    async def schema(self, role: str = "") -> Schema:
        raise SqlRefused("it took longer than 10 s")


async def test_a_database_that_does_not_tell_its_tables_cannot_be_asked() -> None:
    with pytest.raises(SqlUnavailable, match="does not tell its tables: it took longer"):
        await Gate(Silent({})).readable(())


async def test_an_example_that_may_not_run_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "data.yaml"
    file.write_text(
        "examples:\n- question: a\n  sql: SELECT id FROM service\n- question: b\n  sql: SELECT x FROM service\n"
    )
    gate = open_gate(Roles({"": SHOP}), dict(Everything.model_validate({"data": {"descriptions": file}}).data))

    with pytest.raises(BadDescriptions, match=r"data\.yaml:5: this query may not run: ") as raised:
        await gate.schemas()

    assert "data.yaml:3" not in str(raised.value)


async def test_a_query_over_a_table_of_another_role_is_not_run() -> None:
    gate = Gate(Roles(BY_ROLE), POLICY)

    with pytest.raises(NotRun, match="There is no table 'incident'"):
        gate.admitted("SELECT id FROM incident", await gate.readable(("staff",)))


@pytest.mark.parametrize(
    ("name", "values", "kept"),
    [
        pytest.param("status", ("open", "paid"), True, id="words"),
        pytest.param("host", ("10.0.0.1", "db-1.example.com"), True, id="machines"),
        pytest.param("contact", ("see wiki", "ann@corp.com"), False, id="an-address-among-others"),
        pytest.param("phone", ("13812345678", "?"), False, id="telephone"),
        pytest.param("api_token", ("ghp_" + "a1" * 18,), False, id="token"),
        pytest.param("password", ("hunter2!",), False, id="known-by-its-name"),
    ],
)
def test_a_column_with_a_secret_or_personal_value_keeps_none(name: str, values: tuple[str, ...], *, kept: bool) -> None:
    schema = Schema((Table("t", (Column(name, "text", samples=values),)),))

    assert without_secrets(schema).tables[0].columns[0].samples == (values if kept else ())


class Loose(Roles):
    """Its user may do anything, and nothing ends a query."""

    async def rights(self) -> Rights:
        return Rights("PostgreSQL 15", "owner", tuple("abcdefg"), None)


async def test_the_doctor_hears_who_asks_and_what_they_could_do() -> None:
    said = await remarks(Gate(Loose({**BY_ROLE, "some": EMPTY}), POLICY))

    assert [(one.level, one.text) for one in said] == [
        ("OK", "PostgreSQL 15, user owner: 0 tables as the user itself, 3 tables as all, 0 tables as some"),
        ("WARN", "no table can be read as some"),
        ("WARN", "the user could change a, b, c, d, e and 2 more"),
        ("WARN", "the server does not end a query that takes too long"),
    ]
    assert all(one.mend for one in said[1:])


async def test_the_doctor_has_nothing_to_mend_where_all_is_well() -> None:
    said = await remarks(Gate(Roles({"": SHOP})))

    assert [(one.level, one.mend) for one in said] == [("OK", "")]
