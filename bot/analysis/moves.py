"""How the metrics of services moved when something broke, each in units of its own noise."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bot.analysis.anomaly import Floats

MetricKind = Literal["latency", "availability", "requests", "resource"]

_NEAR, _FEWEST, _AROUND, _REGULAR = 12, 14, 12, 0.8
_LEAST_NOISE = {"latency": 0.1, "availability": 0.3, "requests": 0.1, "resource": 0.1}
_SILENT = -30.0


@dataclass(frozen=True)
class Metric:
    """One metric of a service; ``times`` in seconds and in order, and ``values``: shapes (n,), nan where none came.

    Units: latency in any unit of time, availability in percent, requests per any span, a resource in anything that is
    not negative. With ``caller`` it is what that service sees of its calls to this one. ``typical`` are averages and
    medians: of them, unlike of the tail, one can tell how much of a caller's time they are.
    """

    service: str
    kind: MetricKind
    name: str
    times: Floats
    values: Floats
    caller: str = ""
    typical: bool = True


@dataclass(frozen=True)
class Move:
    """A metric's usual value and its mean in the incident; ``strength`` is the difference in its noise, signed.

    ``after`` is nan when it fell silent.
    """

    metric: Metric
    before: float
    after: float
    strength: float

    @property
    def silent(self) -> bool:
        """Whether it came regularly, and then no more."""
        return math.isnan(self.after)


def moved(metric: Metric, began: float, until: float) -> Move | None:
    """How a metric moved between two moments, in seconds; None when too little came to say so.

    The strength is that of the robust scaler over the time before (L. Pham et al., "BARO: robust root cause analysis
    for microservices via multivariate Bayesian online change point detection", 2024), of logarithms
    except for availability. The usual value is that of the last dozen steps, where there is one.
    """
    times, values = metric.times, metric.values
    # The noise of earlier days and the level of today: the two may be far apart in a recording.
    step = float(np.median(np.diff(times[-_AROUND:]))) if len(times) > 1 else 0.0
    past, during = times <= began - step / 2, (times > began - step / 2) & (times <= until)
    history = values[past][np.isfinite(values[past])]
    near = values[past & (times > began - (_NEAR + 0.5) * step)]
    near = near[np.isfinite(near)] if np.isfinite(near).any() else history[-_NEAR:]
    if not len(near) and metric.kind == "availability":
        near = np.array([100.0])  # what was never called has not failed yet
    now = values[during][np.isfinite(values[during])]
    if not len(near):
        return None
    if not len(now):
        recent = values[past][-2 * _NEAR :]
        silent = len(recent) >= _NEAR and np.isfinite(recent).mean() >= _REGULAR
        return Move(metric, float(np.median(near)), np.nan, _SILENT) if silent else None
    scale = float(np.median(np.abs(np.concatenate([history, near]))))
    noise = max(_noise(_scaled(metric.kind, history, scale)), _LEAST_NOISE[metric.kind]) * np.sqrt(1 + 1 / len(near))
    difference = _scaled(metric.kind, now, scale).mean() - np.median(_scaled(metric.kind, near, scale))
    return Move(metric, float(np.median(near)), float(now.mean()), float(difference / noise))


def _scaled(kind: MetricKind, values: Floats, scale: float) -> Floats:
    if kind == "availability":
        return values
    # Below a fiftieth of the usual, less is as good as nothing.
    return np.asarray(np.log(np.maximum(values, 0) + 0.02 * scale + 1e-12), dtype=np.float64)


def _noise(values: Floats) -> float:
    """The standard deviation about a moving mean, as its bulk or its tail says, whichever is more; 0 of few values."""
    if len(values) < _FEWEST:
        return 0.0
    means = np.convolve(values, np.ones(_AROUND) / _AROUND, "valid")
    distance = np.abs(values[_AROUND // 2 : _AROUND // 2 + len(means)] - means)
    return float(max(1.4826 * np.median(distance), np.quantile(distance, 0.95) / 2))
