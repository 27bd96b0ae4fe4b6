"""The same two people in every directory there is: in a file, in memory, and in a Slack and a Feishu of our own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connectors.chat.fakes.feishu import Clock, Console, FakeFeishu, serve
from connectors.chat.fakes.slack import FakeSlack
from connectors.configuration import Roots
from connectors.directory import feishu, slack
from connectors.directory.calls import Network
from connectors.directory.kept import KeptPeople
from connectors.directory.port import Directory
from connectors.load import load

ROSTER = """
teams:
  - {name: payments, title: {en: Payments, zh: 支付}, channel: "#pay", lead: ann, members: [ann, bo]}
members:
  - {id: ann, name: Ann, language: en, groups: [payments], accounts: {slack: U0ANN, feishu: ou_ann}}
  - {id: bo, name: 阿波, language: zh}
rotations:
  - name: weekly
    team: payments
    start: 2026-01-05
    handover: {day: monday, time: "09:00", time_zone: Europe/London}
    order: [{primary: ann, secondary: bo}, {primary: bo, secondary: ann}]
policies:
  - {name: now, steps: [{after_minutes: 0, notify: primary}, {after_minutes: 5, notify: secondary}]}
escalation:
  - {service: pay, rotation: weekly, policy: now}
"""
STEPS = ["+0 min: primary (Ann)", "+5 min: secondary (阿波)"]
MEMBERS = [
    {"id": "ann", "name": "Ann", "groups": ["payments"], "accounts": ["slack:U0ANN", "feishu:ou_ann"]},
    {"id": "bo", "name": "阿波", "language": "zh"},
]


@dataclass
class Time:
    """A clock that moves when somebody waits, or is told to."""

    seconds: float = 1_000.0
    waited: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.seconds += seconds


@asynccontextmanager
async def in_slack(time: Time, **settings: object) -> AsyncIterator[tuple[KeptPeople, FakeSlack]]:
    """A workspace, and the directory that reads it."""
    async with FakeSlack().running() as workspace:
        workspace.limits.strict = False
        table = {"bot_token": workspace.bot_token, "base_url": workspace.api_url, **settings}
        network = Network(clock=time.now, sleep=time.sleep)
        async with slack.opened(slack.Settings.model_validate(table), network) as directory:
            yield directory, workspace


@asynccontextmanager
async def in_feishu(time: Time, **settings: object) -> AsyncIterator[tuple[KeptPeople, FakeFeishu]]:
    """A company, and the directory that reads it."""
    console = Console()
    async with serve(console, clock=Clock(live=False)) as company:
        table = {"app_id": console.app_id, "app_secret": console.app_secret, "domain": company.url, **settings}
        network = Network(clock=time.now, sleep=time.sleep)
        async with feishu.opened(feishu.Settings.model_validate(table), network) as directory:
            yield directory, company


@asynccontextmanager
async def from_tables(name: str, folder: Path) -> AsyncIterator[Directory]:
    """The file or the twin."""
    (folder / "oncall.yaml").write_text(ROSTER, "utf-8")
    tables: dict[str, dict[str, object]] = {"file": {"path": "oncall.yaml"}, "memory": {"members": MEMBERS}}
    async with load("directory", name, tables[name], Roots(folder, folder)) as opened:
        yield opened


@asynccontextmanager
async def with_ann_and_bo(name: str, folder: Path) -> AsyncIterator[Directory]:
    """Any of them, with Ann, who is in the group payments, and Bo, who is in none and reads Chinese."""
    if name == "slack":
        async with in_slack(Time()) as (directory, workspace):
            workspace.group("payments", [workspace.person("Ann", language="en-US")])
            workspace.person("阿波", language="zh-CN")
            yield directory
    elif name == "feishu":
        async with in_feishu(Time()) as (directory, company):
            company.department("pay", name="payments")
            company.person("Ann", departments=("pay",))
            company.person("阿波")
            yield directory
    else:
        async with from_tables(name, folder) as directory:
            yield directory
