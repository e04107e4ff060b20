import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cs_platform.supervisor import guise
from cs_platform.supervisor.guise import Guise
from cs_platform.supervisor.problem import Problem


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def offer(monkeypatch: pytest.MonkeyPatch, *guises: Guise) -> None:
    def candidates(data: Path) -> Iterator[Guise]:
        yield from guises

    monkeypatch.setattr(guise, "_candidates", candidates)


def test_the_first_way_that_works_is_taken(tmp_path: Path, as_root: None, monkeypatch: pytest.MonkeyPatch) -> None:
    refused, missing = Guise("refused", prefix=("false",)), Guise("missing", prefix=("/no/such/program",))
    offer(monkeypatch, refused, missing, Guise("works"), Guise("not asked"))
    assert guise.choose(tmp_path, Path("/bin/true")).words == "works"
    assert list(tmp_path.iterdir()) == []


def test_no_way_at_all_says_what_to_do(tmp_path: Path, as_root: None, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, Guise("refused", prefix=("false",)))
    with pytest.raises(Problem, match="ordinary user"):
        guise.choose(tmp_path, Path("/bin/true"))


def test_an_ordinary_user_needs_no_guise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert guise.choose(tmp_path, Path("/bin/true")).popen == {}


def test_a_folder_of_somebody_else_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(Problem, match="belongs to another user"):
        guise.choose(tmp_path, Path("/bin/true"))
