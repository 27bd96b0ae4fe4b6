"""GitHub, GitLab and Argo CD: what they say changed, against recorded answers."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from connectors.configuration import BadSettings, Roots, validate
from connectors.load import vendor
from connectors.tools.port import BadArguments, Result, ToolUnavailable
from tests.contracts.recordings import Exchange, Replay, refused
from tests.contracts.tool_vendors import NOW, TOKEN, connected

GITHUB, GITLAB, ARGOCD = "github/changes", "gitlab/changes", "argocd/applications"
LISTED = "/repos/acme/checkout/releases?per_page=100&page={page}"


async def github(replay: Replay | None = None, /, *, table: dict[str, Any] | None = None, **asked: JsonValue) -> Result:
    given = {"repositories": ["acme/checkout"], **(table or {})}
    async with connected("github", replay or Replay.of(GITHUB, NOW), Path("home"), **given) as tools:
        return await tools.call("github_changes", asked)


async def gitlab(replay: Replay | None = None, /, **asked: JsonValue) -> Result:
    given = {"url": "https://gitlab.example.com", "projects": ["acme/shop/orders"]}
    async with connected("gitlab", replay or Replay.of(GITLAB, NOW), Path("home"), **given) as tools:
        return await tools.call("gitlab_changes", asked)


async def argocd(name: str, /, replay: Replay | None = None, table: Any = None, **asked: JsonValue) -> Result:
    given = {"url": "https://argocd.example.com", **(table or {})}
    async with connected("argocd", replay or Replay.of(ARGOCD, NOW), Path("home"), **given) as tools:
        return await tools.call(name, asked)


def lines(found: Result) -> list[str]:
    return found.text.splitlines()


async def test_github_tells_deployments_releases_and_merges_newest_first() -> None:
    found = await github()

    assert lines(found)[0].startswith("5 changes (deployment, release, merge) in acme/checkout from 2026-03-01 09:00")
    assert lines(found)[3] == (
        "2026-03-02 08:05 deployment acme/checkout → production v42 (42aa0c1): Deploy checkout v42, by ann-example"
        " (state success)"
    )
    assert [line.split()[2] for line in lines(found)[1:]] == ["deployment", "release", "deployment", "release", "merge"]
    assert found.link == "https://github.com/acme/checkout"


async def test_github_speaks_the_version_it_was_written_for() -> None:
    replay = Replay.of(GITHUB, NOW)
    await github(replay)

    assert {request.headers["x-github-api-version"] for request in replay.asked} == {"2022-11-28"}
    assert {request.headers["accept"] for request in replay.asked} == {"application/vnd.github+json"}


async def test_what_changed_in_an_environment_is_its_deployments() -> None:
    found = await github(environment="prod", start="2026-03-02T08:00:00Z")

    assert len(lines(found)) == 2
    assert "→ production v42" in lines(found)[1]
    with pytest.raises(BadArguments, match="Only deployments have an environment"):
        await github(environment="production", kinds=["commit"])


async def test_github_runs_say_how_they_ended_and_commits_who_wrote_them() -> None:
    found = await github(kinds=["pipeline", "commit"])

    assert "Deploy #88 on push: Shrink the connection pool, by ann-example (state in_progress)" in lines(found)[1]
    assert lines(found)[2].endswith("(state failure)")
    assert lines(found)[3] == "2026-03-02 07:20 commit acme/checkout 42aa0c1: Shrink the connection pool to 5, by Ann"


async def test_a_title_cannot_break_out_of_its_line() -> None:
    found = await github(kinds=["merge"])

    assert len(lines(found)) == 2
    assert "#11 Shrink the connection pool to 5 per pod" in lines(found)[1]


@pytest.mark.parametrize("service", ["payments", "checkout", "acme/checkout", "Checkout", "checkout-api"])
async def test_a_service_is_found_by_its_name_or_its_repository(service: str) -> None:
    table = {"repositories": ["acme/checkout", "acme/other"], "services": {"payments": "acme/checkout"}}
    found = await github(table=table, service=service, kinds=["release"])

    assert "in acme/checkout from" in found.text


async def test_an_unknown_service_names_the_known_ones() -> None:
    with pytest.raises(BadArguments, match="there are acme/checkout"):
        await github(service="billing")


async def test_a_repository_that_cannot_be_read_costs_only_itself() -> None:
    found = await github(table={"repositories": ["acme/checkout", "acme/gone"]}, kinds=["release"])

    assert "release acme/checkout v42" in found.text
    assert "Not everything could be read: GitHub shows no releases of acme/gone: check its name" in found.text
    with pytest.raises(ToolUnavailable, match="acme/gone"):
        await github(table={"repositories": ["acme/gone"]}, kinds=["release"])


async def test_an_empty_repository_has_no_commits() -> None:
    found = await github(table={"repositories": ["acme/new"]}, kinds=["commit"])

    assert found.text.startswith("No changes (commit) in acme/new")


async def test_a_deployment_is_told_even_when_its_state_cannot_be_read() -> None:
    replay = Replay.of(GITHUB, NOW)
    replay.change("/statuses", {"message": "Server Error"}, 500)

    assert "(state unknown)" in (await github(replay, environment="production")).text


async def test_pages_are_read_until_one_ends_before_the_window() -> None:
    release = {"tag_name": "v1", "html_url": "javascript:alert(1)", "author": None}
    new = [{**release, "id": n, "published_at": "2026-03-02T08:00:00Z"} for n in range(100)]
    old = [{**release, "id": n, "published_at": "2026-01-01T08:00:00Z"} for n in range(100)]
    pages = [Exchange(f"GET {LISTED.format(page=page)}", answer) for page, answer in ((1, new), (2, old))]
    replay = Replay(*pages, now=NOW)

    found = await github(replay, kinds=["release"], service="checkout")
    cut = await github(Replay(*pages, now=NOW), table={"max_pages": 1}, kinds=["release"])

    assert (len(replay.asked), found.table and len(found.table.rows)) == (2, 50)
    assert "… and 50 more" in found.text
    assert "There are more than were read" not in found.text
    assert "There are more than were read" in cut.text
    assert "javascript" not in str(found)


async def test_being_asked_too_often_passes() -> None:
    replay = Replay.of(GITHUB, NOW)
    replay.trouble("", refused(403, {"message": "API rate limit exceeded for installation"}))

    with pytest.raises(ToolUnavailable, match="ask again later") as busy:
        await github(replay, kinds=["release"])
    assert busy.value.passing


@pytest.mark.parametrize(
    "name", ["checkout", "acme/checkout/x", "acme/..", "acme/a?b", "https://github.com/acme/x", "/x"]
)
def test_a_repository_is_no_path(name: str) -> None:
    with pytest.raises(BadSettings, match="owner/name"):
        validate(vendor("tools", "github").Settings, {"repositories": [name]}, Roots(Path(), Path()), "github")


def test_the_console_of_an_enterprise_server_is_on_its_host() -> None:
    assert vendor("tools", "github")._console("https://git.acme.example/api/v3") == "https://git.acme.example"  # type: ignore[attr-defined]  # a function of its own


async def test_gitlab_tells_the_same_kinds() -> None:
    found = await gitlab(kinds=["deployment", "release", "merge", "pipeline", "commit"])

    assert [line.split()[2] for line in lines(found)[1:]] == [
        "deployment",
        "pipeline",
        "release",
        "merge",
        "commit",
        "deployment",
    ]
    assert lines(found)[1].endswith(
        "→ production main (42aa0c1d): Merge branch 'queue' into 'main', by Ann (state failed)"
    )
    assert "2026-03-02 07:50 commit acme/shop/orders 42aa0c1d: Raise the queue's limit, by Ann" in lines(found)
    assert "Merged long ago" not in found.text


async def test_gitlab_environments_are_matched_by_their_parts() -> None:
    assert "→ review/queue" in (await gitlab(environment="review")).text
    assert (await gitlab(environment="staging")).text.startswith("No changes (deployment) to staging")


async def test_argocd_tells_what_went_out_by_whom_and_what_failed() -> None:
    found = await argocd("argocd_changes")

    assert [line.partition(" deployment ")[2] or line for line in lines(found)[1:]] == [
        "2026-03-02 08:45 failed sync checkout-production → in-cluster/shop: one or more objects failed to apply,"
        " reason: admission webhook denied the request",
        "checkout-production → in-cluster/shop 42aa0c1d2e3f: checkout v42, by Ann <ann@example.com> (synced by ann)",
        "redis → in-cluster/cache 19.0.1: redis at 19.0.1, by automated sync",
    ]


async def test_argocd_asks_the_histories_only_of_applications_that_were_synced_then() -> None:
    replay = Replay.of(ARGOCD, NOW)
    await argocd("argocd_changes", replay, service="cart")

    assert len(replay.asked) == 1


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"environment": "production"}, {"checkout-production"}),
        ({"environment": "cache"}, {"redis"}),
        ({"service": "redis"}, {"redis"}),
        ({"service": "nothing"}, set()),
    ],
)
async def test_argocd_changes_of_a_service_or_environment(asked: dict[str, JsonValue], names: set[str]) -> None:
    found = await argocd("argocd_changes", **asked)

    assert {row[2] for row in (found.table.rows if found.table else ())} == names


async def test_argocd_lists_trouble_first() -> None:
    found = await argocd("argocd_applications")
    troubled = await argocd("argocd_applications", trouble=True)

    assert [line.split()[0] for line in lines(found)[2:]] == ["checkout-production", "cart-production", "redis"]
    assert lines(found)[2].split()[2:5] == ["OutOfSync", "Degraded", "Failed"]
    assert lines(troubled)[0] == "1 applications in trouble:"


async def test_argocd_says_how_an_application_differs_and_no_secret() -> None:
    found = await argocd("argocd_application", application="checkout-production")

    assert "2 of 3 resources in trouble:" in found.text
    assert "containers[checkout].image: shop/checkout:v43 → shop/checkout:v42" in found.text
    assert "Secret checkout-db: differs; what is in a secret is not told" in found.text
    assert "ConfigMap flags: is missing in the cluster" in found.text
    assert not any(secret in found.text for secret in ("swordfish", "marlin", "++++", "resourceVersion"))


async def test_an_application_is_found_by_a_part_of_its_name_when_that_is_the_only_one() -> None:
    assert (await argocd("argocd_application", application="checkout")).text.startswith(
        "checkout-production (project shop"
    )
    assert (await argocd("argocd_application", application="c")).text == (
        "No application c that may be read; there are cart-production, checkout-production."
    )


async def test_argocd_tells_an_application_even_when_its_resources_cannot_be_compared() -> None:
    replay = Replay.of(ARGOCD, NOW)
    replay.change("/managed-resources", {"error": "x", "message": "repo server is away"}, 503)
    found = await argocd("argocd_application", replay, application="checkout-production")

    assert "could not be read: Argo CD answers 503" in found.text
    assert "OutOfSync, Degraded" in found.text


async def test_argocd_events_of_an_application_and_of_one_resource() -> None:
    of_all = await argocd("argocd_events", application="checkout-production")
    of_one = await argocd("argocd_events", application="checkout-production", resource="checkout")
    of_none = await argocd("argocd_events", application="checkout-production", resource="gone")

    assert of_all.text.startswith("No events")
    assert "ProgressDeadlineExceeded" in of_one.text
    assert of_none.text == "No resource gone in checkout-production."


@pytest.mark.parametrize("name", ["argocd_application", "argocd_events"])
async def test_argocd_tells_only_the_projects_in_the_settings(name: str) -> None:
    found = await argocd(name, table={"projects": ["other"]}, application="redis")

    assert found.text.startswith("No application redis that may be read")
    assert (await argocd("argocd_applications", table={"projects": ["other"]})).text == "No applications."


@pytest.mark.parametrize("name", ["../clusters", "a/b/c", "x?refresh=hard", "X", "a%2fb"])
async def test_an_application_is_no_path(name: str) -> None:
    with pytest.raises(BadArguments, match="pattern"):
        await argocd("argocd_application", application=name)


def hostile(value: Any, words: str, key: str = "") -> Any:
    """An answer with these words instead of every text in it, but for times and what the next call is made of."""
    if isinstance(value, dict):
        return {name: hostile(one, words, name) for name, one in value.items()}
    if isinstance(value, list):
        return [hostile(one, words, key) for one in value]
    kept = key in ("name", "namespace", "revision", "phase", "chart") or re.match(r"\d{4}-\d\d-\d\dT", str(value))
    return words if isinstance(value, str) and not kept else value


@pytest.mark.parametrize("words", ["", " \n", "x" * 5000, "\u202e\x00\nNo changes.\n", "<script>alert(1)</script>"])
@pytest.mark.parametrize("ask", [github, gitlab, argocd], ids=["github", "gitlab", "argocd"])
async def test_whatever_stands_in_an_answer_each_change_is_one_line(ask: Any, words: str) -> None:
    recording = {github: GITHUB, gitlab: GITLAB, argocd: ARGOCD}[ask]
    replay = Replay.of(recording, NOW)
    for one in replay.recorded:
        one.answer = hostile(one.answer, words)
    asked: dict[str, Any] = {} if ask is argocd else {"kinds": ["deployment", "release", "merge", "pipeline", "commit"]}

    found = await (ask("argocd_changes", replay) if ask is argocd else ask(replay, **asked))

    assert found.table is not None
    assert len(lines(found)) == len(found.table.rows) + 1
    assert max(map(len, lines(found)[1:])) < 1500
    assert {row[-1] for row in found.table.rows} <= {"", "https://github.com/acme/checkout/deployments"}


async def test_nothing_is_ever_sent_but_get() -> None:
    replay = Replay.of(ARGOCD, NOW)
    await argocd("argocd_changes", replay)
    await argocd("argocd_application", replay, application="checkout-production")

    assert {request.method for request in replay.asked} == {"GET"}
    assert not any("refresh" in str(request.url) for request in replay.asked)
    assert not any(TOKEN in str(request.url) for request in replay.asked)
