"""Evaluates the ranking of root causes on recorded incidents: in how many the true one is first, or among three.

The folder holds unpacked recordings, at any depth: of PetShop, issues with ``target.json`` and ``metrics.csv`` below a
``graph.csv``; of Nezha, days with ``fault_list.json`` and a folder ``metric``. Every service with metrics is ranked.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.analysis.root_cause import rank_causes
from bot.evals import nezha, petshop
from bot.evals.cases import BadCases
from bot.evals.recordings import Recording


@dataclass(frozen=True)
class Outcome:
    """An incident and the services in the order of suspicion."""

    recording: Recording
    ranked: tuple[str, ...]

    @property
    def place(self) -> int:
        """The place of the true cause, from 1; behind all that were ranked when it is not among them."""
        truth = self.recording.root_cause
        return self.ranked.index(truth) + 1 if truth in self.ranked else len(self.ranked) + 1


def evaluate(folder: Path) -> list[Outcome]:
    """Rank the services of every incident of the folder. Raises BadCases."""
    outcomes = [
        Outcome(one, tuple(suspect.service for suspect in rank_causes(one.metrics, one.graph, one.incident)))
        for recordings in (petshop.recordings(folder), nezha.recordings(folder))
        for one in recordings
    ]
    if not outcomes:
        raise BadCases(f"{folder}: neither issues with target.json nor days with fault_list.json; unpack them first.")
    return outcomes


def report(outcomes: Sequence[Outcome]) -> str:
    """The incidents whose cause is not first, a line per group, and the figures as JSON on the last line."""
    lines = [
        f"{one.recording.name}: {one.recording.root_cause} ({one.recording.kind}) at {one.place}, first {one.ranked[0]}"
        for one in outcomes
        if one.place > 1
    ]
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        for group in one.recording.groups:
            groups[group].append(one)
    by_group = {group: figures(some) for group, some in sorted(groups.items())}
    return "\n".join([*lines, json.dumps({**figures(outcomes), "by": by_group})])


def figures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The shares of incidents whose cause is first, and among the first three; of at least one."""
    places = [one.place for one in outcomes]
    top1, top3 = (sum(place <= k for place in places) / len(places) for k in (1, 3))
    return {"top1": round(top1, 4), "top3": round(top3, 4), "n": len(places)}
