"""Three quarters of an hour before the shop was started, drawn from the seconds in which it was measured.

What breaks is told from what is usual, and a Prometheus that has just begun knows nothing usual. Nobody wants to wait
for that in a demo, so its past is a bootstrap: each step of it adds up seconds of now, drawn with replacement
(B. Efron, "Bootstrap methods: another look at the jackknife", 1979).
"""

import subprocess
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from deploy.demo.shop.processes import LOOPBACK

SPAN_SECONDS, STEP_SECONDS, MEASURED_SECONDS = 2_700, 15, 15


@dataclass(frozen=True)
class Target:
    """What is scraped: its port, and the labels that Prometheus gives to all that it says."""

    port: int
    labels: Mapping[str, str]


class Series(NamedTuple):
    """A series of a target; ``counts``: it only grows, and what it says is how fast."""

    name: str
    labels: tuple[tuple[str, str], ...]
    counts: bool


def write_history(promtool: str, folder: Path, targets: Mapping[str, Target], now: float) -> None:
    """Blocks in ``folder/data`` that end ``now``; it measures for a while. Raises OSError and CalledProcessError."""
    seen: list[Mapping[str, Mapping[Series, float]]] = []
    for _ in range(MEASURED_SECONDS + 1):
        seen.append({name: _scraped(one.port) for name, one in targets.items()})
        time.sleep(1)
    with (folder / "history.txt").open("w", encoding="utf-8") as file:
        for name, one in targets.items():
            file.writelines(_lines(name, one, [scrape[name] for scrape in seen], int(now)))
        file.write("# EOF\n")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "history.txt", "data"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)  # noqa: S603  # our own words


def _lines(name: str, target: Target, seen: list[Mapping[Series, float]], now: int) -> list[str]:
    """The past of one target in OpenMetrics. What it said only for a part of the time has none."""
    series = [one for one in seen[0] if all(one in scrape for scrape in seen)]
    values = np.array([[scrape[one] for one in series] for scrape in seen])
    moments = range(now - SPAN_SECONDS, now, STEP_SECONDS)
    chance = np.random.default_rng(7)
    # All series of a second are drawn together: a histogram's buckets belong to the same requests.
    drawn = chance.integers(0, MEASURED_SECONDS, (len(moments), STEP_SECONDS))
    grown = np.diff(values, axis=0)[drawn].sum(axis=1).cumsum(axis=0)
    lines = []
    for place, one in enumerate(series):
        labels = {**dict(one.labels), **target.labels, "job": name, "instance": f"{LOOPBACK}:{target.port}"}
        text = ",".join(f'{key}="{_escaped(said)}"' for key, said in sorted(labels.items()))
        points = grown[:, place] if one.counts else values[drawn[:, 0], place]
        lines += [f"{one.name}{{{text}}} {point} {at}\n" for at, point in zip(moments, points, strict=True)]
    return lines


def _scraped(port: int) -> Mapping[Series, float]:
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return {
        Series(sample.name, tuple(sorted(sample.labels.items())), family.type in ("counter", "histogram")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
