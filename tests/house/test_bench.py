"""Every benchmark runs, however small, and says what it found as lines of JSON. How fast is not a matter for a test."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from cs_platform import bench
from cs_platform.bench.measure import Options, percentile

TINY = Options(scale=0.0002, rounds=1)
ALWAYS = {"name", "part", "scale", "rounds", "unit", "floor", "ours", "ratio", "ratios"}


@pytest.fixture
def no_other_settings(settings, monkeypatch):
    """What a benchmark sets, the tests after it do not see."""
    for name in ("FLOOR_URL", "FLOOR_TENANT"):
        monkeypatch.setenv(name, "")
    for name in ("ALLOWED_HOSTS", "EMAIL_HOST", "EMAIL_PORT", "CS_SALESFORCE_EXTRA_HOSTS"):
        setattr(settings, name, getattr(settings, name))
    settings.CS_API_PER_MINUTE = settings.CS_API_BURST = 10_000_000
    settings.ALLOWED_HOSTS = ["127.0.0.1"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", bench.names())
def test_it_runs_and_prints_lines_of_json(name, no_other_settings):
    lines = []
    bench.load(name).run(Options(TINY.scale, TINY.rounds, lines.append))
    found = [json.loads(line) for line in lines]
    assert found
    for line in found:
        assert set(line) >= ALWAYS and line["name"] == name
        assert line["ours"] > 0 and len(line["ratios"]) == line["rounds"] == 1


def test_the_document_names_every_benchmark():
    told = (Path(settings.BASE_DIR) / "docs" / "performance.md").read_text()
    for name in bench.names():
        assert f"`{name}`" in told


def test_an_unknown_name_is_refused():
    with pytest.raises(CommandError, match="no benchmark 'warp'"):
        call_command("bench", "warp")


def test_percentiles_are_of_what_was_measured():
    assert percentile([5, 1, 3], 0.5) == 3
    assert percentile([1], 0.95) == 1
