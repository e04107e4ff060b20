"""`manage.py doctor`: looks at everything the product depends on, says what is wrong and how to mend it."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from cs_platform.workspace.examining import examine

SIGNS = {True: "✓", False: "✗", None: "!"}


class Command(BaseCommand):
    help = "Check dependencies, role, policies, keys, clock, queue and mail. Exit 0 if nothing is wrong, else 1."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for finding in examine():
            wrong += finding.ok is False
            style = {True: self.style.SUCCESS, False: self.style.ERROR, None: self.style.WARNING}[finding.ok]
            self.stdout.write(f"{style(SIGNS[finding.ok])} {finding.name}: {finding.words}")
            if finding.ok is not True and finding.mend:
                self.stdout.write(f"    {finding.mend}")
        if wrong:
            self.stdout.write(f"\n{wrong} {'thing is' if wrong == 1 else 'things are'} wrong.")
            sys.exit(1)
        self.stdout.write("\nNothing is wrong.")
