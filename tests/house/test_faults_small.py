"""The whole product as real processes, twenty faults, and nothing lost or doubled. `make faults` does three hundred."""

import os
import subprocess
import sys

import pytest

from cs_platform.supervisor import ports, services

pytestmark = pytest.mark.slow


def test_twenty_faults_lose_nothing_and_double_nothing(tmp_path):
    """Then the dispatcher alone, with Redis off; and the judge sees red where something was spoilt on purpose. It may
    take longer than in `make faults`, because it shares the machine with the rest of the suite."""
    foreign = ("DATABASE", "REDIS", "CS_", "DJANGO", "EMAIL", "PYTEST", "PYTHONPATH")
    env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    base = ports.choose("web", 21000, tmp_path / "ports.json")
    command = [
        sys.executable,
        "-m",
        "tests.faults.histories",
        "--small",
        "--quiet-after",
        "240",
        "--port-base",
        str(base),
    ]
    done = subprocess.run(
        [*command, "--dir", str(tmp_path / "box")],
        cwd=services.BASE_DIR, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-6000:]
    assert "20 faults" in done.stdout and "the dispatcher alone" in done.stdout
