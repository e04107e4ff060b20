"""The clock's door: days pass without a fact being told."""

from datetime import datetime

from cs_platform import ledger
from onboarding import services


@ledger.every_minute("onboarding.follow")
def follow_hand_offs(*, now: datetime) -> None:
    services.follow_daily(actor=ledger.system("onboarding rules"), now=now)
