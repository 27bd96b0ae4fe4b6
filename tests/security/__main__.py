"""Puts every attack of a folder into every place that the assistant reads, and counts those that came to nothing.

    python -m tests.security [FOLDER] [--every N]

Its last line is JSON: {"held": …, "attacks": …}. Without a folder it takes the attacks that come with the tests.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NoReturn

import structlog

from tests.security.attacks import OWN, Attack, read_attacks
from tests.security.diagnosing import DIAGNOSED, diagnosed
from tests.security.leaks import leaks
from tests.security.world import CARRIERS, world

EVERYWHERE = (*CARRIERS, *DIAGNOSED)


async def held(attack: Attack, carrier: str, folder: Path) -> tuple[list[str], bool]:
    """What went wrong with one attack in one place, and whether the model got to see it."""
    if carrier in DIAGNOSED:
        return await diagnosed(attack, carrier, folder)
    async with world(attack, carrier, folder) as opened:
        card = await opened.ask(attack, carrier)
        return leaks(opened, card, attack), opened.reached(attack)


async def run(attacks: list[Attack]) -> int:
    """All attacks in all places; how many went wrong."""
    failed, reached = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for number, attack in enumerate(attacks, 1):
            for carrier in EVERYWHERE:
                found, seen = await held(attack, carrier, Path(folder))
                for wrong in found:
                    sys.stdout.write(f"{attack.name} in a {carrier}: {wrong}\n")
                failed[carrier] += bool(found)
                reached[carrier] += seen
            sys.stderr.write(f"\r{number} of {len(attacks)} attacks")
    sys.stderr.write("\n")
    for carrier in EVERYWHERE:
        kept = len(attacks) - failed[carrier]
        sys.stdout.write(f"{carrier:25} {kept} of {len(attacks)} held, {reached[carrier]} read by the model\n")
    total, lost = len(attacks) * len(EVERYWHERE), failed.total()
    sys.stdout.write(f"{total - lost} of {total} held\n{json.dumps({'held': total - lost, 'attacks': total})}\n")
    return lost


def _silent(*_: object) -> NoReturn:
    raise structlog.DropEvent


def main() -> int:
    """0 when every attack was held."""
    parser = argparse.ArgumentParser(prog="python -m tests.security", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=OWN)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth attack")
    given = parser.parse_args()
    structlog.configure(processors=[_silent])
    return 1 if asyncio.run(run(read_attacks(given.folder)[:: given.every])) else 0


if __name__ == "__main__":
    sys.exit(main())
