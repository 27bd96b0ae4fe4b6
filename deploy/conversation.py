"""Shows a conversation about an incident on a chat platform of our own, and keeps it as a picture.

    python -m deploy.conversation slack|feishu [FILE.png]

Everything is the product but the platform: its adapter, the demo's documents and recorded systems, and no model.
"""

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.app import open_assistant
from bot.assistant import Assistant
from bot.settings import read_settings

PATIENCE_SECONDS = 60.0
ALERT = "[FIRING:1] PaymentsPoolExhausted payments production: 20 of 20 connections in use for 3 minutes"
ASKED = "payments is slow since 9:30, what is wrong?"
FOLLOW_UP = "and is the northbank latency high?"
CHINESE = "支付连接池满了怎么办"


@dataclass(frozen=True)
class Platform:
    """A platform to talk on: its connector's settings, the three things that are said, and what is seen at the end."""

    settings: Mapping[str, object]
    said: tuple[Callable[[], Awaitable[object]], ...]
    seen: Callable[[], str]
    written: Callable[[], str]


@asynccontextmanager
async def slack() -> AsyncIterator[Platform]:
    """Slack, over Socket Mode."""
    from connectors.chat.fakes.slack import FakeSlack

    async with FakeSlack().running() as fake:
        ann, ling = fake.person("ann", title="Ann Lee"), fake.person("ling", title="凌霜")
        room = fake.channel("payments-oncall", [ann, ling])
        alert = await fake.alert(room, ALERT, name="Alertmanager")
        yield Platform(
            {"bot_token": fake.bot_token, "app_token": fake.app_token, "base_url": fake.api_url},
            (
                lambda: fake.mention(ann, room, ASKED, thread=alert),
                lambda: fake.say(ann, room, FOLLOW_UP, thread=alert),
                lambda: fake.mention(ling, room, CHINESE),
            ),
            lambda: fake.to_html(room, ann, thread=alert),
            lambda: fake.transcript(room, ann),
        )


@asynccontextmanager
async def feishu() -> AsyncIterator[Platform]:
    """Feishu, over the long connection."""
    from connectors.chat.fakes.feishu import serve
    from connectors.chat.fakes.feishu_talk import Said

    async with serve() as fake:
        ann, ling = fake.person("Ann Lee"), fake.person("凌霜")
        room = fake.chat("支付值班", members=(ann, ling))
        alert = fake.bot_says(fake.bot("Alertmanager"), room, ALERT)
        yield Platform(
            {
                "app_id": fake.console.app_id,
                "app_secret": fake.console.app_secret,
                "domain": fake.url,
            },
            (
                lambda: fake.say(ann, room, ASKED, Said(mention=True, quote=alert)),
                lambda: fake.say(ann, room, FOLLOW_UP, Said(mention=True, quote=alert)),
                lambda: fake.say(ling, room, CHINESE, Said(mention=True)),
            ),
            lambda: fake.to_html(room),
            fake.transcript,
        )


PLATFORMS = {"slack": slack, "feishu": feishu}


async def talk(name: str) -> tuple[str, str]:
    """The conversation as a page and as text."""
    async with PLATFORMS[name]() as platform:
        chosen = {
            "ports": {"llm": [], "ocr": None, "chat": [name]},
            "connectors": {"chat": {name: platform.settings}, "state": {"sql": {"path": _new_file()}}},
        }
        async with open_assistant(read_settings(overrides=chosen)) as assistant:
            for number, say in enumerate(platform.said, 1):
                await say()
                await _answered(assistant, number)
            return platform.seen(), platform.written()


def _new_file() -> str:
    return str(Path(tempfile.mkdtemp(prefix="nightshift-")) / "state.db")


async def _answered(assistant: Assistant, count: int) -> None:
    """Wait until so many questions have been answered and delivered."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        # A receipt is announced to nobody.
        while await _asked(assistant) < count or await assistant.state.undelivered():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def _asked(assistant: Assistant) -> int:
    return sum(thread.questions for thread in await assistant.threads(None))


def picture(page: str, file: Path) -> bool:
    """Keep a page as a picture; False where there is no browser to draw it."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    html = file.with_suffix(".html")
    html.write_text(page, encoding="utf-8")
    if browser is None:
        return False
    drawn = ["--headless=new", "--no-sandbox", "--hide-scrollbars", "--window-size=1100,1600", f"--screenshot={file}"]
    subprocess.run(  # noqa: S603  # our own page, in a browser of this machine
        [browser, *drawn, html.as_uri()], check=True, capture_output=True, timeout=60
    )
    return True


def main() -> int:
    """0 when the conversation was shown."""
    parser = argparse.ArgumentParser(prog="python -m deploy.conversation", description=__doc__)
    parser.add_argument("platform", choices=sorted(PLATFORMS))
    parser.add_argument("file", nargs="?", type=Path)
    given = parser.parse_args()
    file = (given.file or Path(f"{given.platform}.png")).resolve()
    page, text = asyncio.run(talk(given.platform))
    sys.stdout.write(f"{text}\n")
    kept = f"{file}" if picture(page, file) else f"{file.with_suffix('.html')} (install chromium for a picture)"
    sys.stdout.write(f"\nSaved as {kept}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
