"""Calls to other systems as remedies, on a real server that answers, refuses, breaks off and stays silent."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from connectors.configuration import BadSettings
from connectors.remediation.port import BadSpec, RemediationUnavailable, Result, Uncertain
from tests.contracts.loopback import Said, Server, listening
from tests.contracts.remedy_stages import NOON, action, approved, opened

JOBS: dict[str, JsonValue] = {"target": "jobs", "path": "/api/{service}/launch"}
POLL: dict[str, JsonValue] = {
    "path": "/api/runs/{answer.run.id}", "value": "status", "done": ["ok"], "failed": ["error"],
    "every_seconds": 0.01, "within_seconds": 5,
}  # fmt: skip


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with listening() as found:
        yield found


async def ran(server: Server, target: dict[str, Any] | None = None, **spec: JsonValue) -> Result:
    targets = {"jobs": {"url": server.url, "token": "s3cret-token", **(target or {})}}
    async with opened("http", Path("home"), targets=targets) as executor:
        run = executor.fill({**JOBS, **spec}, {"service": "check out", "n": 3})
        result: Result = await executor.execute(approved(action("http", run)), NOON)
        return result


def says(*answers: Said) -> Iterator[Said]:
    yield from answers
    while True:
        yield answers[-1]


def status(server: Server, *answers: Said) -> None:
    following = says(*answers)
    server.answer = lambda asked: next(following)


async def test_what_is_sent(server: Server) -> None:
    await ran(server, query={"of": "{service}", "dry": False}, headers={"X-Count": "{n}"}, json={"extra": {"n": "{n}"}})
    [asked] = server.asked

    assert (asked.method, asked.path) == ("POST", "/api/check%20out/launch?of=check+out&dry=false")
    assert asked.json == {"extra": {"n": 3}}
    assert asked.headers["idempotency-key"] == "k1"
    assert asked.headers["authorization"] == "Bearer s3cret-token"
    assert asked.headers["x-count"] == "3"


async def test_a_form_and_plain_text(server: Server) -> None:
    await ran(server, form={"argString": "-service {service}"})
    await ran(server, body="reload", headers={"Content-Type": "text/plain"})

    assert [asked.body for asked in server.asked] == [b"argString=-service+check+out", b"reload"]


async def test_credentials_of_other_kinds(server: Server) -> None:
    await ran(server, {"token": None, "headers": {"X-Rundeck-Auth-Token": "t"}, "key_header": "X-Key"})
    await ran(server, {"token": None, "user": "ann", "password": "p"})
    first, second = server.asked

    assert (first.headers["x-rundeck-auth-token"], first.headers["x-key"]) == ("t", "k1")
    assert second.headers["authorization"] == "Basic YW5uOnA="


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(400, "it refuses", id="400"),
        pytest.param(404, "there is no such thing", id="404"),
        pytest.param(409, "it conflicts with how things are, or with what is being done already", id="409"),
        pytest.param(422, "it does not accept this", id="422"),
    ],
)
async def test_what_is_refused_has_failed(server: Server, answer: int, said: str) -> None:
    status(server, Said(answer, {"detail": "no, s3cret-token"}))
    result = await ran(server)

    assert result.status == "failed"
    assert result.text == f'jobs answers {answer}: {said}. {{"detail": "no, …"}}'


@pytest.mark.parametrize("answer", [401, 403, 429, 307])
async def test_who_is_not_let_in_has_done_nothing(server: Server, answer: int) -> None:
    status(server, Said(answer))

    with pytest.raises(RemediationUnavailable, match=str(answer)):
        await ran(server)


@pytest.mark.parametrize("answer", [500, 502, 503, 504, 203, 303])
async def test_an_answer_that_does_not_say_it_is_a_doubt(server: Server, answer: int) -> None:
    status(server, Said(answer))

    with pytest.raises(Uncertain, match=f"jobs answers {answer}, which does not say"):
        await ran(server)


async def test_a_target_may_say_what_its_errors_mean(server: Server) -> None:
    status(server, Said(503))

    with pytest.raises(RemediationUnavailable, match="503: it did nothing"):
        await ran(server, {"refuses_with": [503]})


async def test_a_connection_that_closes_after_the_request_is_a_doubt(server: Server) -> None:
    status(server, Said(None))

    with pytest.raises(Uncertain, match="answer was lost"):
        await ran(server)
    assert len(server.asked) == 1


async def test_silence_is_a_doubt(server: Server) -> None:
    status(server, Said(-1))

    with pytest.raises(Uncertain, match=r"did not answer within 0.2 s"):
        await ran(server, timeout_seconds=0.2)
    assert len(server.asked) == 1


async def test_nobody_there_is_no_doubt() -> None:
    with pytest.raises(RemediationUnavailable, match="nothing was sent"):
        await ran(Server(url="http://127.0.0.1:9"))


async def test_a_redirect_is_not_followed(server: Server) -> None:
    status(server, Said(302, headers={"Location": f"{server.url}/elsewhere"}))

    with pytest.raises(Uncertain):
        await ran(server)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        pytest.param({"ok": {"n": [3]}}, "done", id="as-expected"),
        pytest.param({"ok": {"n": [4]}}, "failed", id="another-value"),
    ],
)
async def test_an_answer_has_to_be_what_is_expected(server: Server, body: JsonValue, outcome: str) -> None:
    status(server, Said(201, body))

    assert (await ran(server, expect={"status": [201], "json": {"ok.n.0": "{n}"}})).status == outcome


async def test_an_answer_without_what_is_expected_is_a_doubt(server: Server) -> None:
    status(server, Said(200, "fine"))

    with pytest.raises(Uncertain, match="answers 200 without ok"):
        await ran(server, expect={"json": {"ok": True}})


async def test_a_conflict_may_be_what_is_wanted(server: Server) -> None:
    status(server, Said(409))

    assert (await ran(server, expect={"status": [200, 409]})).status == "done"


async def test_an_answer_that_is_too_long_is_read_in_part(server: Server) -> None:
    status(server, Said(200, "x" * 100_000))

    assert len((await ran(server, {"max_bytes": 5000})).text) <= 1000
    with pytest.raises(Uncertain):
        await ran(server, {"max_bytes": 5000}, expect={"json": {"ok": True}})


STARTED = Said(201, {"run": {"id": 12, "url": "/api/runs/12"}})


@pytest.mark.parametrize(("end", "outcome"), [("ok", "done"), ("error", "failed")])
async def test_a_job_is_followed_to_its_end(server: Server, end: str, outcome: str) -> None:
    status(server, STARTED, Said(200, {"status": "running"}), Said(503), Said(None), Said(200, {"status": end}))
    result = await ran(server, poll=POLL, link="/#/runs/{answer.run.id}")

    assert (result.status, result.text) == (outcome, f"status: {end}")
    assert result.link == f"{server.url}/#/runs/12"
    assert [asked.path for asked in server.asked[1:]] == ["/api/runs/12"] * 4
    assert "idempotency-key" not in server.asked[1].headers


async def test_a_job_that_does_not_end_is_a_doubt_with_its_link(server: Server) -> None:
    status(server, STARTED, Said(200, {"status": "running"}))

    with pytest.raises(Uncertain, match=r"within 0.5 s \(status: running\); look at http.*/#/runs/12"):
        await ran(server, poll={**POLL, "within_seconds": 0.5}, link="/#/runs/{answer.run.id}")


async def test_a_job_is_followed_where_the_answer_says(server: Server) -> None:
    status(server, STARTED, Said(200, {"status": "ok"}))

    assert (await ran(server, poll={**POLL, "path": "{answer.run.url}"})).status == "done"
    assert server.asked[1].path == "/api/runs/12"


@pytest.mark.parametrize(
    "url",
    ["http://evil.example/api", "//evil.example/x", "/apiary/1", "/api/../admin", "https://127.0.0.1/api/x", 3, ""],
)
async def test_an_answer_leads_to_no_other_place(server: Server, url: JsonValue) -> None:
    status(server, Said(201, {"run": {"url": url}}))
    base = {"url": f"{server.url}/api"}

    with pytest.raises(Uncertain, match="cannot be followed"):
        await ran(server, base, path="/launch", poll={**POLL, "path": "{answer.run.url}"})
    assert len(server.asked) == 1


async def test_a_job_whose_number_is_missing_is_a_doubt(server: Server) -> None:
    status(server, Said(201, {}))

    with pytest.raises(Uncertain, match=r"accepted, but cannot be followed \(poll.path: the answer has no run.id\)"):
        await ran(server, poll=POLL)


async def test_a_dry_run_has_no_key_and_may_be_refused(server: Server) -> None:
    status(server, Said(422, "no"))
    async with opened("http", Path("home"), targets={"jobs": {"url": server.url}}) as executor:
        spec = executor.fill({**JOBS, "path": "/dry"}, {})
        rehearsal = await executor.rehearse(action("http", spec, spec), NOON)

    assert not rehearsal.ok
    assert "idempotency-key" not in server.asked[0].headers


async def test_a_target_that_is_not_set_is_named(server: Server) -> None:
    async with opened("http", Path("home"), targets={"jobs": {"url": server.url}}) as executor:
        with pytest.raises(BadSpec, match=r"'awx' is not set; there are: jobs. Add \[connectors.*targets.awx\]"):
            executor.check({**JOBS, "target": "awx"}, ["service"])
        with pytest.raises(RemediationUnavailable, match="Nothing was sent"):
            await executor.execute(approved(action("http", {"target": "awx", "path": "/"})), NOON)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param({"url": "jobs.example.com"}, id="no-scheme"),
        pytest.param({"url": "https://ann:p@jobs.example.com"}, id="credentials"),
        pytest.param({"url": "https://jobs.example.com", "tokn": "x"}, id="unknown"),
        pytest.param({"url": "https://jobs.example.com", "token": "x", "password": "y"}, id="two-ways"),
        pytest.param({"url": "https://jobs.example.com", "headers": {"X-Token": "…"}}, id="no-header"),
    ],
)
async def test_settings_of_a_target_are_checked(target: dict[str, str]) -> None:
    with pytest.raises(BadSettings, match=r"connectors\.remediation\.http\.targets\.jobs"):
        async with opened("http", Path("home"), targets={"jobs": target}):
            pass
