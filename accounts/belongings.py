"""What a member owns in this room: the customers whose CSM the member is."""

from datetime import datetime

from accounts import services
from accounts.models import Account
from cs_platform import ledger
from cs_platform.people import belongings
from cs_platform.people.models import Membership


def _count(member: Membership) -> int:
    return Account.objects.filter(csm=member, state=Account.State.MANAGED).count()


def _hand_over(member: Membership, to: Membership | None, actor: ledger.Actor, now: datetime) -> None:
    mine = Account.objects.filter(csm=member, state=Account.State.MANAGED).values_list("pk", flat=True)
    services.assign_owners(list(mine), to, actor=actor, now=now, note=f"{member} leaves")


def register() -> None:
    belongings.register(
        "accounts", "accounts as CSM", count=_count, hand_over=_hand_over, without="leave them without a CSM"
    )
