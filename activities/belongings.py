"""What a member owns in this room: the open tasks that were given to them."""

from datetime import datetime

from activities.facts import TasksChanged
from activities.models import Task
from cs_platform import ledger
from cs_platform.ledger import Actor
from cs_platform.people import belongings
from cs_platform.people.models import Membership


def _count(member: Membership) -> int:
    return Task.objects.filter(assignee=member, state__in=Task.OPEN).count()


def _hand_over(member: Membership, to: Membership | None, actor: Actor, now: datetime) -> None:
    mine = Task.objects.filter(assignee=member, state__in=Task.OPEN)
    with ledger.unit():
        kinds = dict(mine.values_list("pk", "source_kind"))
        values = {"assignee_id": to.pk if to else None}
        moved = ledger.change_many(mine, "assign", set=values, actor=actor, now=now)
        for kind in dict.fromkeys(kinds.get(pk, "") for pk in moved):
            told = [str(pk) for pk in moved if kinds.get(pk, "") == kind]
            ledger.publish(TasksChanged(told, "assign", kind))


belongings.register("tasks", "open tasks", count=_count, hand_over=_hand_over, without="leave them to nobody")
