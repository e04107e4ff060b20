"""What filters and forms offer."""

from django.db.models import Count, Q, QuerySet

from accounts.models import Account, SegmentationRules, SupportLevel
from cs_platform.people.models import Membership


def support_levels(*, active_only: bool = False) -> QuerySet[SupportLevel]:
    """The pick-list in its order, with the number of managed accounts that have each (`account_count`)."""
    found = SupportLevel.objects.annotate(
        account_count=Count("accounts", filter=Q(accounts__state=Account.State.MANAGED))
    )
    found = found.filter(is_active=True) if active_only else found
    return found.order_by("position", "name", "pk")


def segments_in_use() -> list[str]:
    """The segments that some account is in, by name."""
    found = Account.objects.exclude(segment="").order_by("segment").values_list("segment", flat=True)
    return list(found.distinct())


def account_owners() -> QuerySet[Membership]:
    """The members who look after some account."""
    owning = Account.objects.filter(csm__isnull=False).values("csm_id")
    return Membership.objects.filter(pk__in=owning).select_related("user").order_by("user__name", "pk")


def segmentation_in_force() -> SegmentationRules | None:
    return SegmentationRules.objects.filter(state=SegmentationRules.State.PUBLISHED).first()


def segmentation_versions() -> QuerySet[SegmentationRules]:
    """Every version and draft, newest first."""
    return SegmentationRules.objects.order_by("-number")
