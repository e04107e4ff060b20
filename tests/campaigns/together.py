"""Several at the same moment, for tests of races."""

import threading
from contextlib import closing

from django.db import connections


def at_once(*works):
    """All begin at the same moment, each on a connection of its own; what one raises, the test raises."""
    barrier, errors = threading.Barrier(len(works)), []

    def run(work):
        with closing(connections["default"]):
            barrier.wait()
            try:
                work()
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
