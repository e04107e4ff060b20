"""Counting requests in a process, and adding up over the processes of one web server.

Each worker writes its counters into files of its own in a folder that the workers of one server share; whoever is asked
adds them up. A worker that ended leaves its files; they are folded into one, so that a total never goes down and the
folder does not grow with every restart. Nothing is shared between machines: each is scraped by itself.
"""

import fcntl
import glob
import json
import logging
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

log = logging.getLogger(__name__)
FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library reads it
PREFIX = "cs-metrics-"
ENDED = "0"  # the name under which the counters of ended workers go on
BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})


class Counters:
    """What a web process counts. Labels are names of routes and classes of answers: as many as the code has, however
    many addresses somebody tries."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "cs_http_requests",
            "Requests by route, method and class of the answer.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "cs_http_request_seconds",
            "How long requests took, by route.",
            ["route"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.refused = Counter(
            "cs_logins_refused", "Logins that were refused, by what was shown.", ["kind"], registry=self.registry
        )


@lru_cache(maxsize=1)
def counters() -> Counters:
    return Counters()


def note_request(route: str, method: str, status: int, seconds: float) -> None:
    known = method if method in METHODS else "other"
    counters().requests.labels(route or "none", known, f"{status // 100}xx").inc()
    counters().seconds.labels(route or "none").observe(seconds)


def note_refused_login(kind: str) -> None:
    counters().refused.labels(kind).inc()


def on_refused_login(sender: object, **_: object) -> None:
    """Somebody typed a wrong password, or an address that nobody has."""
    note_refused_login("password")


def share(folder: Path | None = None) -> Path | None:
    """From now on this process counts into the folder of its server: the one that the parent's workers share. Called
    once in each worker before it counts anything. None, and a warning, where no folder can be had."""
    parent = os.getppid()
    folder = folder or Path(tempfile.gettempdir()) / f"{PREFIX}{os.getuid()}-{parent}.{_born(parent)}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise PermissionError(f"{folder} belongs to somebody else")
    except OSError as error:
        log.warning("/metrics tells only what one process counted: %s", error)
        return None
    os.environ[FOLDER] = str(folder)
    values.ValueClass = values.MultiProcessValue(_name_of_process)
    counters.cache_clear()
    _forget_ended_servers(folder)
    return folder


def collect() -> CollectorRegistry:
    """The counters of all processes of this server; of this process alone where nothing is shared."""
    folder = os.environ.get(FOLDER)
    if not folder or values.ValueClass is values.MutexValue:
        return counters().registry
    summed = CollectorRegistry()
    with _alone(folder):
        _fold_ended(folder)
        metrics = list(MultiProcessCollector(None, path=folder).collect())
    summed.register(_Collected(metrics))
    return summed


class _Collected(Collector):
    def __init__(self, metrics: list[Metric]) -> None:
        self.metrics = metrics

    def collect(self) -> list[Metric]:
        return self.metrics


@contextmanager
def _alone(folder: str) -> Iterator[None]:
    """One reader at a time: folding replaces files that another would be reading."""
    with open(Path(folder) / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fold_ended(folder: str) -> None:
    """Adds the files of workers that ended to the sum of all that ended before."""
    _finish_folding(folder)
    ended: dict[str, list[str]] = defaultdict(list)
    for name in glob.glob(f"{folder}/*_*.db"):
        kind, _, process = Path(name).stem.partition("_")
        if process == ENDED or not _lives(process):
            ended[kind].append(name)
    for kind, names in ended.items():
        if names != [_sum(folder, kind)]:
            _fold(folder, kind, names)


def _fold(folder: str, kind: str, names: list[str]) -> None:
    """The list of what a new sum holds is written before the sum gets its name, and the files go after it: whoever is
    killed in between leaves what `_finish_folding` needs, and nothing is lost or counted twice."""
    sums: dict[str, float] = defaultdict(float)
    for name in names:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(name):
            sums[key] += value
    draft, held = Path(folder) / f"{kind}.draft", Path(folder) / f"{kind}.held"
    draft.unlink(missing_ok=True)
    fresh = MmapedDict(str(draft))
    for key, value in sums.items():
        fresh.write_value(key, value, 0.0)
    fresh.close()
    held.write_text(json.dumps([name for name in names if name != _sum(folder, kind)]))
    os.replace(draft, _sum(folder, kind))
    _finish_folding(folder)


def _finish_folding(folder: str) -> None:
    for held in Path(folder).glob("*.held"):
        if not held.with_suffix(".draft").exists():  # the sum has its name: what it holds goes
            for name in json.loads(held.read_text()):
                Path(name).unlink(missing_ok=True)
        held.unlink()


def _sum(folder: str, kind: str) -> str:
    return f"{folder}/{kind}_{ENDED}.db"


def _name_of_process() -> str:
    return _named(os.getpid())


@lru_cache(maxsize=8)
def _named(pid: int) -> str:
    return f"{pid}.{_born(pid)}"


def _lives(process: str) -> bool:
    pid, _, born = process.partition(".")
    return _born(int(pid)) == born


def _born(pid: int) -> str:
    """When the kernel started it: with the number it names a process that no other is ever called like."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def _forget_ended_servers(own: Path) -> None:
    for folder in own.parent.glob(f"{PREFIX}{os.getuid()}-*"):
        if folder != own and not _lives(folder.name.rpartition("-")[2]):
            shutil.rmtree(folder, ignore_errors=True)
