"""Every vendor of the tools seam, opened on something that answers the same in every run."""

import datetime as dt
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import JsonValue

from connectors.configuration import Roots, validate
from connectors.load import load, vendor
from connectors.tools.api import Outside
from connectors.tools.http_check import Network
from connectors.tools.port import Change, Recording, Result, Tools
from tests.contracts.recordings import Replay

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
TOKEN = "s3cret-token"
GITLAB, JIRA = "https://gitlab.example.com", "https://acme.atlassian.net"
NODE_SERVERS = Path.home() / ".cache/nightshift/npm/node_modules/@modelcontextprotocol"
NO_TIME = "the MCP server of PyPI is not installed: `pip install mcp-server-time==2026.10.19`"
NO_NODE = (
    "the MCP servers of npm are not installed: `npm install --prefix ~/.cache/nightshift/npm "
    "@modelcontextprotocol/server-everything@2026.8.31 @modelcontextprotocol/server-filesystem@2026.8.31`"
)
Opening = Callable[[Path], AbstractAsyncContextManager[Tools]]


@dataclass(frozen=True)
class Vendor:
    """One vendor: how it is opened, a call that is answered and a part of the answer, and a call about nothing."""

    name: str
    opened: Opening
    call: tuple[str, Mapping[str, JsonValue]]
    says: str
    nothing: tuple[str, Mapping[str, JsonValue]] | None = None


def replayed(name: str, recording: str, table: dict[str, Any]) -> Opening:
    """An API vendor on a recording; nothing leaves the process."""

    @asynccontextmanager
    async def opened(folder: Path, replay: Replay | None = None) -> AsyncIterator[Tools]:
        async with connected(name, replay or Replay.of(recording, NOW), folder, **table) as tools:
            yield tools

    return opened


@asynccontextmanager
async def connected(name: str, replay: Replay, folder: Path, **table: Any) -> AsyncIterator[Tools]:
    """An API vendor whose calls go to a replay."""
    found = vendor("tools", name)
    settings = validate(found.Settings, {"token": TOKEN, **table}, Roots(folder, folder), name)
    async with found.connect(settings, Outside(replay, NOW.timestamp)) as tools:  # type: ignore[call-arg]  # tests bring the network
        yield tools


RECORDINGS = (
    Recording("pods", {"namespace": "shop"}, Result("checkout CrashLoopBackOff", "get pods -n shop")),
    Recording("pods", {"namespace": "quiet"}, Result("No pods.", "get pods -n quiet")),
)


@asynccontextmanager
async def memory(folder: Path) -> AsyncIterator[Tools]:
    async with load("tools", "memory", {"recordings": RECORDINGS}, Roots(folder, folder)) as tools:
        yield tools


@asynccontextmanager
async def recorded(folder: Path) -> AsyncIterator[Tools]:
    roots = Roots(folder, folder)
    async with load("tools", "recorded", {"folder": "run"}, roots) as recorder, memory(folder) as source:
        (tool,) = await source.list()
        for one in RECORDINGS:
            await recorder.save(tool, one.arguments, one.result)
    async with load("tools", "recorded", {"folder": "run"}, roots) as tools:
        yield tools


@asynccontextmanager
async def git_changes(folder: Path) -> AsyncIterator[Tools]:
    repository(folder / "shop")
    found = vendor("tools", "git_changes")
    table = {"repositories": {"shop": "shop"}, "links": {"shop": "https://git.example/shop/{commit}"}}
    settings = validate(found.Settings, table, Roots(folder, folder), "git_changes")
    async with found.connect(settings, NOW.timestamp) as tools:  # type: ignore[call-arg]  # tests bring the clock
        yield tools


def repository(folder: Path) -> None:
    """Two commits: one three days ago, one an hour before now."""
    git = shutil.which("git") or pytest.skip("git is not installed")
    folder.mkdir()

    def run(*arguments: str, at: dt.datetime = NOW) -> None:
        stamp = {"GIT_AUTHOR_DATE": at.isoformat(), "GIT_COMMITTER_DATE": at.isoformat(), "HOME": str(folder)}
        names = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
        subprocess.run([git, *names, "-C", str(folder), *arguments], check=True, capture_output=True, env=stamp)

    run("init", "--initial-branch=main")
    for name, message, at in (
        ("pool.toml", "Start", NOW - dt.timedelta(days=3)),
        ("pool.toml", "Shrink the connection pool to 5", NOW - dt.timedelta(hours=1)),
    ):
        (folder / name).write_text(f"size = {len(message)}\n", "utf-8")
        run("add", ".", at=at)
        run("commit", "--message", message, at=at)


@asynccontextmanager
async def changes(folder: Path) -> AsyncIterator[Tools]:
    found = vendor("tools", "changes")
    settings = validate(found.Settings, {}, Roots(folder, folder), "changes")
    async with found.connect(settings, NOW.timestamp) as tools:  # type: ignore[call-arg]  # tests bring the clock
        at = (NOW - dt.timedelta(hours=1)).isoformat()
        await tools.add(Change.received({"at": at, "service": "checkout", "summary": "Deploy v42"}, NOW))
        yield tools


@asynccontextmanager
async def logfiles(folder: Path) -> AsyncIterator[Tools]:
    (folder / "logs").mkdir()
    lines = [{"time": NOW.isoformat(), "level": "error", "message": "payment call failed: timeout after 4 s"}]
    (folder / "logs" / "checkout.log").write_text("".join(f"{json.dumps(one)}\n" for one in lines), "utf-8")
    found = vendor("tools", "logfiles")
    settings = validate(found.Settings, {"folder": "logs"}, Roots(folder, folder), "logfiles")
    async with found.connect(settings, NOW.timestamp) as tools:  # type: ignore[call-arg]  # tests bring the clock
        yield tools


@asynccontextmanager
async def http_check(folder: Path) -> AsyncIterator[Tools]:
    async def resolve(host: str) -> list[str]:
        if host == "gone.example.com":
            raise OSError(-2, "Name or service not known")
        return ["93.184.216.34"]

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="all good", headers={"server": "nginx"})

    found = vendor("tools", "http_check")
    settings = validate(found.Settings, {"hosts": ["*.example.com"]}, Roots(folder, folder), "http_check")
    network = Network(resolve, httpx.MockTransport(answer), NOW.timestamp)
    async with found.connect(settings, network) as tools:  # type: ignore[call-arg]  # tests bring the network
        yield tools


@asynccontextmanager
async def mcp_time(folder: Path) -> AsyncIterator[Tools]:
    program = Path(sys.executable).with_name("mcp-server-time")
    if not program.exists():
        pytest.skip(NO_TIME)
    time = {"command": [str(program), "--local-timezone=UTC"], "read_only": ["get_current_time", "convert_time"]}
    async with load("tools", "mcp", {"servers": {"time": time}}, Roots(folder, folder)) as tools:
        yield tools


def node_server(name: str) -> list[str]:
    """The command that starts one of npm's reference servers; skips when it is not there."""
    node, script = shutil.which("node"), NODE_SERVERS / f"server-{name}/dist/index.js"
    if not node or not script.exists():
        pytest.skip(NO_NODE)
    return [node, str(script)]


@asynccontextmanager
async def mcp_everything(folder: Path) -> AsyncIterator[Tools]:
    server = {"command": [*node_server("everything"), "stdio"]}
    async with load("tools", "mcp", {"servers": {"every": server}}, Roots(folder, folder)) as tools:
        yield tools


VENDORS = (
    Vendor("memory", memory, ("pods", {"namespace": "shop"}), "CrashLoopBackOff", ("pods", {"namespace": "quiet"})),
    Vendor("recorded", recorded, ("pods", {"namespace": "shop"}), "CrashLoopBackOff", ("pods", {"namespace": "quiet"})),
    Vendor(
        "loki",
        replayed("loki", "loki/logs", {"url": "http://loki:3100"}),
        ("loki_patterns", {"query": '{app="checkout"}'}),
        "payment call failed",
        ("loki_patterns", {"query": '{app="nothing"}'}),
    ),
    Vendor(
        "elasticsearch",
        replayed("elasticsearch", "elasticsearch/logs", {"url": "http://es:9200", "indices": ["logs-*"]}),
        ("elasticsearch_patterns", {}),
        "upstream timed out",
        ("elasticsearch_patterns", {"query": "service.name:nothing"}),
    ),
    Vendor(
        "kubernetes",
        replayed("kubernetes", "kubernetes/cluster", {"url": "https://cluster:6443"}),
        ("kubernetes_get", {"kind": "pods", "namespace": "shop"}),
        "CrashLoopBackOff",
        ("kubernetes_describe", {"kind": "pod", "namespace": "shop", "name": "gone"}),
    ),
    Vendor(
        "http_check",
        http_check,
        ("check_http", {"url": "https://shop.example.com/healthz"}),
        "200 OK",
        ("check_dns", {"host": "gone.example.com"}),
    ),
    Vendor(
        "git_changes",
        git_changes,
        ("git_commits", {}),
        "Shrink the connection pool",
        ("git_commits", {"last": "1m"}),
    ),
    Vendor("changes", changes, ("changes_reported", {}), "Deploy v42", ("changes_reported", {"service": "nothing"})),
    Vendor(
        "logfiles",
        logfiles,
        ("log_search", {"service": "checkout"}),
        "payment call failed",
        ("log_search", {"service": "nothing"}),
    ),
    Vendor(
        "github",
        replayed("github", "github/changes", {"repositories": ["acme/checkout"]}),
        ("github_changes", {}),
        "Shrink the connection pool",
        ("github_changes", {"environment": "nowhere"}),
    ),
    Vendor(
        "gitlab",
        replayed("gitlab", "gitlab/changes", {"url": GITLAB, "projects": ["acme/shop/orders"]}),
        ("gitlab_changes", {}),
        "Raise the queue's limit",
        ("gitlab_changes", {"environment": "nowhere"}),
    ),
    Vendor(
        "argocd",
        replayed("argocd", "argocd/applications", {"url": "https://argocd.example.com"}),
        ("argocd_changes", {}),
        "checkout v42",
        ("argocd_application", {"application": "gone"}),
    ),
    Vendor(
        "jira",
        replayed("jira", "jira/tickets", {"url": JIRA, "user": "bot@acme.example", "projects": ["OPS"]}),
        ("jira_search", {"words": "checkout timeout"}),
        "OPS-3",
        ("jira_ticket", {"key": "OPS-404"}),
    ),
    Vendor(
        "pagerduty",
        replayed("pagerduty", "pagerduty/incidents", {}),
        ("pagerduty_incidents", {}),
        "Checkout 5xx",
        ("pagerduty_incidents", {"service": "nothing"}),
    ),
    Vendor(
        "mcp-time",
        mcp_time,
        ("time_get_current_time", {"timezone": "UTC"}),
        '"timezone": "UTC"',
        ("time_get_current_time", {"timezone": "Nowhere/Nothing"}),
    ),
    Vendor("mcp-everything", mcp_everything, ("every_echo", {"message": "hello"}), "hello"),
)
