"""What Celery may say: look now, and a minute has passed. No arguments, so nothing can be forged or lost in them."""

from celery import shared_task

from cs_platform.ledger import dispatch
from cs_platform.tenancy import clock, scope

SECONDS = 20.0


@shared_task(name="ledger.wake")  # type: ignore[untyped-decorator]
def wake() -> None:
    scope.assert_empty()
    dispatch.run_due(clock.now, seconds=SECONDS)


@shared_task(name="ledger.minute")  # type: ignore[untyped-decorator]
def minute() -> None:
    scope.assert_empty()
    dispatch.tick(clock.now())
    dispatch.run_due(clock.now, seconds=SECONDS)
