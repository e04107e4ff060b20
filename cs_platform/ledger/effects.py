"""Effects on the outside world, each under a key that names the business fact: at most once, and never forgotten."""

from datetime import datetime

from django.db import transaction

from cs_platform.ledger.models import Effect


class AlreadyBegun(Exception):
    """The effect was begun before: it is sent, failed for good, or nobody knows."""

    def __init__(self, effect: Effect) -> None:
        super().__init__(f"{effect.key} is {effect.state}")
        self.effect = effect


def begin(key: str, *, provider: str, now: datetime) -> Effect:
    """Committed before the network is touched. One that was left at `sending` by a crash becomes `unknown`."""
    with transaction.atomic():
        effect, is_new = Effect.objects.select_for_update().get_or_create(
            key=key, defaults={"provider": provider, "at": now}
        )
        if is_new:
            return effect
        if effect.state == Effect.State.SENDING:
            effect.state, effect.reason, effect.at = Effect.State.UNKNOWN, "the process ended while it was sent", now
            effect.save(update_fields=["state", "reason", "at"])
    raise AlreadyBegun(effect)


def finish(effect: Effect, state: str, *, now: datetime, provider_id: str = "", reason: str = "") -> None:
    Effect.objects.filter(pk=effect.pk, state=Effect.State.SENDING).update(
        state=state, provider_id=provider_id[:200], reason=reason, at=now
    )


def forget(effect: Effect) -> None:
    """The provider surely did not take it, so it may be tried again under the same key."""
    Effect.objects.filter(pk=effect.pk, state=Effect.State.SENDING).delete()
