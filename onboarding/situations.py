"""One hand-off with all that a look at it needs, read in one go for a set of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from accounts.models import Account, Opportunity
from activities.models import Task
from onboarding.models import Handoff


@dataclass(frozen=True)
class Situation:
    """All that is known of one hand-off when it is looked at."""

    handoff: Handoff
    account: Account
    deal: Opportunity | None
    tasks: Mapping[str, Task]
    days: int | None

    @property
    def key(self) -> str:
        return str(self.handoff.pk)

    def is_done(self, part: str) -> bool:
        task = self.tasks.get(part)
        return task is not None and task.state == Task.State.COMPLETED


def days_to_close(deal: Opportunity | None, today: date) -> int | None:
    return (deal.close_date - today).days if deal is not None and deal.close_date is not None else None
