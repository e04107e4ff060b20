import argparse
import ctypes
import signal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cs_platform.supervisor import crew, demo, services
from cs_platform.supervisor.problem import Problem


class Command(BaseCommand):
    help = "The whole product on this machine with demo data, in the foreground; Ctrl-C stops it, the data stays."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--dir", help="data folder (default: .data)")
        parser.add_argument(
            "--port-base", type=int, default=crew.BASE_PORT, help="port of the web server; others follow"
        )
        parser.add_argument("--clock", type=Path, help="a file with the instant that every process takes for now")
        parser.add_argument("--reset", action="store_true", help="drop the demo's data instead")
        parser.add_argument(
            "--with-parent", action="store_true", help="stop when the process that started this is gone"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        root = services.data_dir(options["dir"])
        if options["with_parent"]:
            ctypes.CDLL(None).prctl(1, int(signal.SIGTERM))  # PR_SET_PDEATHSIG
        try:
            if options["reset"]:
                dropped = demo.reset(root)
                self.stdout.write(
                    f"demo-reset: dropped {', '.join(dropped)}" if dropped else "demo-reset: nothing to drop"
                )
                return
            code = demo.Demo(root, options["port_base"], options["clock"]).run()
        except Problem as problem:
            raise CommandError(str(problem)) from None
        if code:
            raise SystemExit(code)
