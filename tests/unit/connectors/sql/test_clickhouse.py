"""ClickHouse's HTTP interface: what is sent with a statement, and what becomes of the server's answers."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from connectors.configuration import Roots, validate
from connectors.load import vendor
from connectors.sql.clickhouse_replies import kind_of, read_reply
from connectors.sql.port import AdmittedQuery, Rights, Rows, SqlRefused, SqlUnavailable

QUERY = AdmittedQuery("SELECT v FROM t LIMIT 2", "clickhouse", ("t",), ("t.v",), (), 2)
NAMES = '["v","n"]\n["LowCardinality(Nullable(String))","UInt64"]\n'


class Server(httpx.AsyncBaseTransport):
    """Answers as a server whose user's profile is read-only to that degree; ``asked`` are the statements it got."""

    def __init__(
        self, readonly: str = "0", status: int = 200, said: str = NAMES, known: str = "session_timezone"
    ) -> None:
        self.profile = [["readonly", readonly], ["max_execution_time", "7"], ["max_result_rows", "0"], [known, ""]]
        self.status, self.said = status, said
        self.asked: list[tuple[str, Mapping[str, str], httpx.Headers]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        text = (await request.aread()).decode()
        parameters = {name: one[0] for name, one in parse_qs(request.url.query.decode()).items()}
        self.asked.append((text, parameters, request.headers))
        if "system.settings" in text:
            lines = [
                '["name","value"]',
                '["String","String"]',
                *(f'["{name}","{value}"]' for name, value in self.profile),
            ]
            return httpx.Response(200, text="\n".join(lines))
        if text == "SHOW GRANTS":
            return httpx.Response(200, text='["GRANTS"]\n["String"]\n["GRANT SELECT, INSERT ON shop.t TO ann"]')
        if text.startswith("KILL"):
            return httpx.Response(200)
        if not self.said:
            raise httpx.ReadTimeout("late")
        return httpx.Response(self.status, text=self.said)


async def ask(server: Server, role: str = "") -> Rows:
    settings = validate(
        vendor("sql", "clickhouse").Settings, {"user": "ann", "password": "pw"}, Roots(Path(), Path()), ""
    )
    async with vendor("sql", "clickhouse").connect(settings, transport=server) as opened:  # type: ignore[call-arg]  # beside the settings, a network
        rows: Rows = await opened.run(QUERY, role)
        return rows


@pytest.mark.parametrize(
    ("readonly", "sent"),
    [
        pytest.param("0", {"readonly": "1", "max_execution_time": "10", "max_result_rows": "3"}, id="may-write"),
        pytest.param("2", {"max_execution_time": "10", "max_result_rows": "3"}, id="may-read-and-set"),
        pytest.param("1", {}, id="may-only-read"),
    ],
)
async def test_a_statement_is_sent_with_the_limits_that_the_user_may_set(readonly: str, sent: dict[str, str]) -> None:
    server = Server(readonly)

    await ask(server)

    text, parameters, headers = server.asked[-1]
    ours = ("readonly", "max_execution_time", "max_result_rows")
    assert text == QUERY.text
    assert {name: parameters[name] for name in ours if name in parameters} == sent
    assert parameters["wait_end_of_query"] == "1"
    assert (headers["X-ClickHouse-User"], headers["X-ClickHouse-Key"]) == ("ann", "pw")


async def test_a_setting_that_an_older_server_does_not_know_is_not_sent() -> None:
    server = Server(known="unheard_of")

    await ask(server, role="reader")

    assert "session_timezone" not in server.asked[-1][1]
    assert server.asked[-1][1]["role"] == "reader"


async def test_rows_are_read_by_the_types_of_their_columns() -> None:
    found = await ask(Server(said=NAMES + '["a","18446744073709551615"]\n[null,2]\n["c",3]\n'))

    assert found.columns == ("v", "n")
    assert found.rows == (("a", 18446744073709551615), (None, 2))
    assert found.truncated


@pytest.mark.parametrize(
    ("said", "kind", "match"),
    [
        ("Code: 47. DB::Exception: No column x. (UNKNOWN_ID) (version 26)", SqlRefused, "^No column x$"),
        ("Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)", SqlRefused, "readonly mode$"),
        ("Code: 159. DB::Exception: Timeout exceeded", SqlRefused, "longer than 10 s"),
        ("Code: 516. DB::Exception: Authentication failed", SqlUnavailable, r"connectors\.sql\.clickhouse"),
        ("Code: 512. DB::Exception: Role reader is not granted", SqlUnavailable, r"roles under \[data\]"),
        ("<html>bad gateway</html>", SqlUnavailable, "bad gateway"),
    ],
)  # fmt: skip
async def test_an_error_is_the_querys_or_everybodys(said: str, kind: type[Exception], match: str) -> None:
    with pytest.raises(kind, match=match):
        await ask(Server(status=500, said=said), role="reader")


async def test_a_query_that_takes_too_long_is_killed() -> None:
    server = Server(said="")

    with pytest.raises(SqlRefused, match="longer than 10 s"):
        await ask(server)

    asked, killed = server.asked[-2], server.asked[-1]
    assert killed[0] == f"KILL QUERY WHERE query_id = '{asked[1]['query_id']}' ASYNC"


def test_a_reply_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    found = read_reply((NAMES + '["a",1]\n["b').encode())

    assert (found.rows, found.cut) == ((("a", 1),), True)


@pytest.mark.parametrize(
    ("type", "kind"),
    [("Enum8('a' = 1)", "text"), ("Int256", "whole"), ("Nullable(Decimal(9, 2))", "exact"), ("Interval", "other")],
)
def test_types_tell_what_their_values_are(type: str, kind: str) -> None:
    assert kind_of(type) == kind


@pytest.mark.parametrize(
    ("readonly", "writes", "seconds"),
    [("0", ("INSERT on shop.t",), 10.0), ("2", (), 10.0), ("1", (), 7.0)],
)
async def test_a_read_only_profile_is_harmless_whatever_is_granted(
    readonly: str, writes: tuple[str, ...], seconds: float
) -> None:
    server = Server(readonly, said='["version()","currentUser()"]\n["String","String"]\n["26.9","ann"]\n')
    settings = validate(vendor("sql", "clickhouse").Settings, {}, Roots(Path(), Path()), "")
    async with vendor("sql", "clickhouse").connect(settings, transport=server) as opened:  # type: ignore[call-arg]  # beside the settings, a network
        assert await opened.rights() == Rights("ClickHouse 26.9", "ann", writes, seconds)
