"""The shop from the command line: run it under Nightshift's eyes, break it, mend it.

python -m deploy.demo.shop run [FAULT]
python -m deploy.demo.shop inject | heal FAULT
python -m deploy.demo.shop [--dry-run] [--by NAME] restart | clean SERVICE
python -m deploy.demo.shop [--dry-run] [--by NAME] rollback SERVICE [--to VERSION]
python -m deploy.demo.shop [--dry-run] [--by NAME] configure SERVICE NAME=NUMBER …
python -m deploy.demo.shop state
"""

import argparse
import asyncio
import json
import secrets
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from deploy.demo.shop.faults import FAULTS, everyday, heal, inject
from deploy.demo.shop.monitoring import MISSING, installed, watching
from deploy.demo.shop.nightshift import Door, settings_for
from deploy.demo.shop.processes import LOOPBACK, wait_for
from deploy.demo.shop.shop import Said, Shop, open_shop

if TYPE_CHECKING:
    from bot.settings import Settings

# All of Nightshift is imported only where it is run: who rolls something back does not wait for it.

FOLDER = Path("~/.cache/nightshift/shop").expanduser()
CALM_SECONDS = 30.0
"""How long all is well at first, so that there is something to compare with."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    given = _parser().parse_args(arguments)
    try:
        return _run(given) if given.command == "run" else _change(Shop.of(given.folder), given)
    except (LookupError, OSError, ValueError, httpx.HTTPError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.demo.shop", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"where the shop runs (default: {FOLDER})")
    parser.add_argument("--by", default="ann", metavar="NAME", help="who changes it")
    parser.add_argument("--dry-run", action="store_true", help="say what would be changed, and change nothing")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    run = commands.add_parser("run", help="shop, Prometheus, Alertmanager and Nightshift, until Ctrl-C")
    run.add_argument("fault", nargs="?", choices=sorted(FAULTS), help="what goes wrong after half a minute")
    run.add_argument("--port", type=int, default=8080, help="where Nightshift's page is")
    for name in ("inject", "heal"):
        commands.add_parser(name).add_argument("fault", choices=sorted(FAULTS))
    for name in ("restart", "clean"):
        commands.add_parser(name).add_argument("service")
    rollback = commands.add_parser("rollback")
    rollback.add_argument("service")
    rollback.add_argument("--to", default="", metavar="VERSION", help="only if this is the version that ran before")
    configure = commands.add_parser("configure")
    configure.add_argument("service")
    configure.add_argument("numbers", nargs="+", metavar="NAME=NUMBER")
    commands.add_parser("state")
    return parser


def _change(shop: Shop, given: argparse.Namespace) -> int:
    """Do one thing to the shop that runs."""
    if given.dry_run:
        _say(_planned(shop, given))
        return 0
    match given.command:
        case "inject":
            inject(shop, given.fault)
            _say(f"{given.fault}: {FAULTS[given.fault].says}.")
        case "heal":
            heal(shop, given.fault)
        case "restart":
            shop.restart(given.service, given.by)
        case "rollback":
            shop.rollback(given.service, given.by, given.to)
        case "clean":
            _say(f"{shop.clean(given.service)} bytes are free again.")
        case "configure":
            said = Said(f"Set {', '.join(given.numbers)}", given.by, "configuration")
            shop.configure(given.service, said, **_numbers(given.numbers))
        case _:
            _say(json.dumps(shop.state(), indent=1))
    return 0


def _planned(shop: Shop, given: argparse.Namespace) -> str:
    """What a command would change. Raises what the command itself would raise of it, and ValueError for the others."""
    if given.command not in ("restart", "rollback", "clean", "configure"):
        raise ValueError(f"{given.command} has no dry run.")
    now = shop.releases.current(given.service)
    match given.command:
        case "rollback":
            before = shop.before(given.service, given.to)
            return f"would deploy {given.service} {before.version} in the place of {now.version}"
        case "clean":
            exports = shop.exports(given.service)
            return f"would delete {len(exports)} exports of {given.service}, {sum(exports.values())} bytes"
        case "configure":
            numbers = ", ".join(f"{name}={number:g}" for name, number in _numbers(given.numbers).items())
            return f"would deploy {given.service} {now.version} again, with {numbers}"
        case _:
            return f"would replace the process of {given.service} {now.version}"


def _numbers(given: Sequence[str]) -> dict[str, float]:
    return {name: float(number) for name, number in (one.split("=") for one in given)}


def _run(given: argparse.Namespace) -> int:
    """Start everything and serve; all of it has ended when this returns."""
    from bot.logs import set_up_logs
    from bot.settings import read_settings

    if not installed():
        raise FileNotFoundError(MISSING)
    if _answers(given.folder):
        raise ValueError(f"A shop runs in {given.folder} already: stop it, or choose another --folder.")
    if (given.folder / "ports.json").exists():
        shutil.rmtree(given.folder)
    door = Door(given.port, secrets.token_urlsafe(24))
    with open_shop(given.folder) as shop, watching(shop, door.webhook, with_past=True) as watched:
        home = given.folder / "nightshift"
        home.mkdir(exist_ok=True)
        settings = read_settings(overrides=settings_for(shop, watched, door, home))
        _say(f"The shop runs in {given.folder}, Prometheus at {watched.prometheus}.")
        set_up_logs()
        asyncio.run(_served(settings, shop, door, given.fault))
    return 0


async def _served(settings: "Settings", shop: Shop, door: Door, fault: str | None) -> None:
    """Serve until interrupted; what happens to the shop meanwhile happens in a thread of its own."""
    from bot.serving import serve

    story = asyncio.create_task(_story(shop, door, fault))
    await serve(settings)
    story.cancel()
    with suppress(asyncio.CancelledError):
        await story


async def _story(shop: Shop, door: Door, fault: str | None) -> None:
    await asyncio.to_thread(wait_for, f"{door.url}/ready")
    shop.report_to(door.url)
    _say(f"Nightshift is at {door.url}, its incidents at {door.url}/incidents.")
    await asyncio.sleep(CALM_SECONDS / 3)
    await asyncio.to_thread(everyday, shop)
    await asyncio.sleep(CALM_SECONDS * 2 / 3)
    if fault:
        await asyncio.to_thread(inject, shop, fault)
        _say(f"{fault} has begun. The alert comes within 20 seconds, the diagnosis after it; Ctrl-C ends all.")
    else:
        _say("Break it from another terminal: python -m deploy.demo.shop inject " + " | ".join(FAULTS))


def _answers(folder: Path) -> bool:
    try:
        port = Shop.of(folder).ports["supervisor"]
        urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=2).close()  # loopback
    except (OSError, ValueError, urllib.error.URLError):
        return False
    return True


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
