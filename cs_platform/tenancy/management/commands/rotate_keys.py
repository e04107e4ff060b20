"""`manage.py rotate_keys`: every data key under the newest master key of CS_ENCRYPTION_KEYS."""

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cs_platform.tenancy import crypto, rotation
from cs_platform.tenancy.scope import assert_empty

log = logging.getLogger(__name__)
WIDTH = 30


class Command(BaseCommand):
    help = "Wrap all data keys anew under the newest master key, and say which master keys may be removed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--status", action="store_true", help="only say how many data keys hang on which master key"
        )
        parser.add_argument("--give-up", metavar="ID", help="destroy the data keys under a master key that is lost")
        parser.add_argument("--yes", action="store_true", help="with --give-up: do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        assert_empty()
        try:
            crypto.master_keys()
        except ValueError as error:
            raise CommandError(str(error)) from error
        if options["give_up"]:
            self._give_up(options["give_up"], sure=options["yes"])
        elif not options["status"]:
            self._rotate()
        self._status()

    def _rotate(self) -> None:
        missing = rotation.missing_keys()
        if missing:
            raise CommandError(rotation.words_of_missing(missing))
        total = rotation.waiting()
        done = 0
        for step in rotation.rotate():
            done += step
            if total and step:
                self._bar(done, max(total, done))
        if total:
            self.stdout.write("")
        log.info("wrapped %s data keys under the master key %s", done, next(iter(crypto.master_keys())))
        self.stdout.write(f"{done} data key{'' if done == 1 else 's'} wrapped anew.")

    def _bar(self, done: int, total: int) -> None:
        filled = WIDTH * done // total
        ending = "" if self.stdout.isatty() else "\n"
        if ending and done % max(1, total // 10) and done != total:
            return  # in a log: ten lines, not thousands
        self.stdout.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {done} of {total}", ending=ending)
        self.stdout.flush()

    def _give_up(self, master: str, *, sure: bool) -> None:
        keys = rotation.keys_by_master().get(master, 0)
        if not keys:
            raise CommandError(f"No data key hangs on {master!r}.")
        words = f"{keys} data keys under {master!r} are destroyed; what they sealed can never be opened again."
        if not sure and input(f"{words} Type the id of the master key to go on: ") != master:
            raise CommandError("Nothing was done.")
        try:
            done = rotation.give_up(master)
        except ValueError as error:
            raise CommandError(str(error)) from error
        log.warning("destroyed %s data keys under the lost master key %s", done, master)
        self.stdout.write(f"{done} data keys destroyed.")

    def _status(self) -> None:
        there = list(crypto.master_keys())
        used = rotation.keys_by_master()
        for number, master in enumerate([*there, *sorted(set(used) - set(there))]):
            keys = used.get(master, 0)
            if master not in there:
                words = "MISSING from CS_ENCRYPTION_KEYS: put it back"
            elif number == 0:
                words = "the newest: wraps what is new"
            else:
                words = "still needed: run manage.py rotate_keys" if keys else "not used: may be removed"
            self.stdout.write(f"{master}: {keys} data key{'' if keys == 1 else 's'}, {words}")
