"""Rounds, percentiles, memory and queries, and the lines of JSON that come out."""

import gc
import json
import re
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

_OWN_WORDS = re.compile(r"SAVEPOINT|RELEASE|SET |ROLLBACK|SELECT set_config|select set_config\S+ *$|BEGIN|COMMIT")


@dataclass
class Options:
    """What was asked for. `say` takes a line of JSON."""

    scale: float = 1.0
    rounds: int = 5
    say: Callable[[str], None] = print

    def many(self, full: int, least: int = 1) -> int:
        return max(least, round(full * self.scale))


@dataclass
class Figure:
    """One comparison: `floor` and `ours` hold a number for each round. `better` says which way a ratio is good: "less"
    for times (ours is at most so many times the floor), "more" for speeds (ours is at least so much of it)."""

    name: str
    part: str
    unit: str
    target: float | None = None
    better: str = "less"
    floor: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    def tell(self, options: Options) -> dict[str, Any]:
        ratios = [ours / floor for floor, ours in zip(self.floor, self.ours, strict=True) if floor]
        ratio = median(ratios) if ratios else None
        line: dict[str, Any] = {
            "name": self.name,
            "part": self.part,
            "scale": options.scale,
            "rounds": len(self.ours),
            "unit": self.unit,
            "floor": _short(median(self.floor)) if self.floor else None,
            "ours": _short(median(self.ours)),
            "ratio": _short(ratio),
            "ratios": [_short(one) for one in ratios],
        }
        if self.target is not None and ratio is not None:
            is_met = ratio <= self.target if self.better == "less" else ratio >= self.target
            line |= {"target": self.target, "target_is": "at most" if self.better == "less" else "at least"}
            line["met"] = is_met
        line |= self.more
        options.say(json.dumps(line))
        return line


def _short(value: float | None) -> float | None:
    return value if value is None else float(f"{value:.4g}")


def seconds(work: Callable[[], Any]) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass
class Times:
    """Milliseconds of single requests, round by round."""

    p50: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self, work: Callable[[int], Any], times: int) -> None:
        """A round in this process. What a call takes of its processor is noted too: on a machine with other work it
        says more than the clock on the wall."""
        start = time.process_time()
        self.add(one_by_one(work, times))
        self.cpu.append((time.process_time() - start) * 1000 / times)

    def add(self, milliseconds: Sequence[float]) -> None:
        self.p50.append(percentile(milliseconds, 0.5))
        self.p95.append(percentile(milliseconds, 0.95))

    @property
    def words(self) -> dict[str, float | None]:
        found = {"p50": _short(median(self.p50)), "p95": _short(median(self.p95))}
        return {**found, "cpu": _short(median(self.cpu))} if self.cpu else found


def one_by_one(work: Callable[[int], Any], times: int) -> list[float]:
    """How long each of so many calls took, in milliseconds."""
    found = []
    for number in range(times):
        start = time.perf_counter()
        work(number)
        found.append((time.perf_counter() - start) * 1000)
    return found


def compare(name: str, part: str, floor: Times, ours: Times, target: float | None, **more: Any) -> Figure:
    """Requests are compared by their 95th percentile."""
    words = {"floor_ms": floor.words, "ours_ms": ours.words, **more}
    return Figure(name, part, "ms p95", target, "less", floor.p95, ours.p95, words)


def queries(work: Callable[[], Any]) -> int:
    """How many statements it asks of the database, without the words of the transaction itself."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return sum(not _OWN_WORDS.match(query["sql"]) for query in captured.captured_queries)


class Memory:
    """`with Memory() as memory: …; memory.peak_mb`: the most this process held meanwhile."""

    def __enter__(self) -> "Memory":
        gc.collect()
        try:
            Path("/proc/self/clear_refs").write_text("5")
        except OSError:
            pass  # the peak is that of the whole process then
        return self

    def __exit__(self, *error: object) -> None:
        try:
            status = Path("/proc/self/status").read_text()
            self.peak_mb = round(int(status.split("VmHWM:")[1].split()[0]) / 1024)
        except (OSError, IndexError):
            self.peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
