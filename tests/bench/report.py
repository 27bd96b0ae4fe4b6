"""What every measurement is told in: medians and percentiles, the machine, the versions; as a table and as JSON."""

import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.evals.measures import percentile

PACKAGES = ("dbos", "fastapi", "onnxruntime", "qdrant-edge-py", "sqlalchemy", "xllamacpp")


@dataclass(frozen=True)
class Figure:
    """One measured figure; ``n`` is how many single values it stands for."""

    name: str
    value: float
    unit: str
    n: int = 1


def spread(name: str, seconds: Sequence[float], shares: Sequence[float]) -> list[Figure]:
    """Percentiles in milliseconds."""
    return [Figure(f"{name} p{int(s * 100)}", percentile(seconds, s) * 1000, "ms", len(seconds)) for s in shares]


def resident_megabytes(pid: int, kind: str = "VmHWM") -> float:
    """Peak (VmHWM) or present (VmRSS) memory of a process, from /proc."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(kind + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def processor_seconds(pid: int) -> float:
    """The processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tell(figures: Sequence[Figure]) -> None:
    """Print rows of the table."""
    for figure in figures:
        print(f"{figure.name:<72}{figure.value:>12.1f} {figure.unit:<8} n={figure.n}", flush=True)


def conclude(figures: Sequence[Figure]) -> None:
    """Print the machine, then everything as one JSON object on the last line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = {
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
    }
    print(f"{machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}, load {machine['load']}")
    print(json.dumps({"machine": machine, "figures": [asdict(figure) for figure in figures]}))
