import argparse
from typing import Any

from django.core.management.base import BaseCommand

from cs_platform.supervisor import __main__ as supervisor


class Command(BaseCommand):
    help = "The embedded PostgreSQL and Valkey alone: up prints NAME=value lines for a shell, down stops, status tells."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        supervisor.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        code = supervisor.run(argparse.Namespace(**options))
        if code:
            raise SystemExit(code)
