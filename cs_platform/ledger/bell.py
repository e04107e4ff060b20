"""The bell: tells a worker to look now. It carries no work; when it fails, the dispatcher looks within a second."""

import logging
import time

log = logging.getLogger(__name__)
PAUSE_AFTER_FAILURE = 5.0
_silent_until = 0.0


def ring() -> None:
    """One message to Celery. After a failure the bell is silent for five seconds, so that a dead broker does not slow
    down every request."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    from cs_platform.ledger.tasks import wake

    try:
        wake.apply_async(expires=30)
    except Exception as error:  # whatever the broker's library raises: the work is safe in the outbox
        _silent_until = time.monotonic() + PAUSE_AFTER_FAILURE
        log.warning("the bell did not ring (%s); the dispatcher will look by itself", type(error).__name__)
