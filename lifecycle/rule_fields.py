"""What rules about accounts may ask of this room: the stage in the default lifecycle, since when, and for how long."""

from datetime import datetime

from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Extract, Floor

from accounts import rules
from lifecycle.models import AccountLifecycle

DAY = 86_400


def _standing() -> QuerySet[AccountLifecycle]:
    return AccountLifecycle.objects.filter(left_at__isnull=True, lifecycle__is_default=True, account_id=OuterRef("pk"))


def _of_its_standing(condition: Q) -> Q:
    return Q(Exists(_standing().filter(condition)))


def _of_its_clock(condition: Q, now: datetime) -> Q:
    shown = Extract(Coalesce(Value(now) - F("clock_from"), F("clock_shown")), "epoch")
    clock = _standing().annotate(days=Cast(Floor(shown / DAY), IntegerField()))
    return Q(Exists(clock.filter(condition)))


rules.ACCOUNTS.register(
    rules.Field(
        "stage", "stage", rules.Kind.TEXT, path="stage_name", through=_of_its_standing, unknown="there is no stage"
    ),
    rules.Field(
        "stage_entered_at", "entry into the stage", rules.Kind.MOMENT, path="entered_at", through=_of_its_standing
    ),
    rules.Field(
        "days_in_stage",
        "days in the stage",
        rules.Kind.NUMBER,
        path="days",
        through_at=_of_its_clock,
        unknown="there is no stage",
    ),
)
