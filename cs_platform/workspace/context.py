"""What every page needs around its content: the product, the organisation, the ways to go. At most one query."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import JSONField
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy

from cs_platform.people import policies
from cs_platform.people.models import Membership
from cs_platform.tenancy.models import Tenant
from cs_platform.workspace import brand

SEARCH_PATH = "/accounts/"


@dataclass(frozen=True)
class Way:
    """An entry of the rail. `verb` is the right that its page asks for; "" is for every member."""

    path: str
    words: Any
    icon: str
    verb: str = ""
    below: bool = False  # stands in the lower group of the rail
    thumb: bool = True  # has a place of its own in the bar of a phone
    demo: bool = False  # only where there is a local mailbox


WAYS = (
    Way("/", gettext_lazy("Home"), "home"),
    Way("/accounts/", gettext_lazy("Accounts"), "building", "account.view"),
    Way("/tasks/", gettext_lazy("Tasks"), "list-check", "task.view"),
    Way("/handoffs/", gettext_lazy("Hand-offs"), "route", "handoff.view", thumb=False),
    Way("/campaigns/", gettext_lazy("Campaigns"), "mail-forward", "series.view"),
    Way("/console/", gettext_lazy("Console"), "lifebuoy", "account.set_support_level", below=True, thumb=False),
    Way("/integrations/", gettext_lazy("Integrations"), "plug-connected", "connection.view", below=True),
    Way("/mailbox/", gettext_lazy("Mailbox"), "inbox", below=True, thumb=False, demo=True),
    Way("/settings/", gettext_lazy("Settings"), "settings", below=True, thumb=False),
)


# Who stopped all mail, when and why; part of the frame's one question.
SILENCE = """
(SELECT jsonb_build_object('why', c.stopped_why, 'by', c.stopped_by, 'at', c.stopped_at) FROM campaigns_sendingcontrol c
 WHERE c.tenant_id = %s AND c.tenant_id = tenancy_tenant.id AND NOT c.is_on)
"""


class Frame:
    """Asked by templates/base.html. Everything that costs something is read when it is asked for, and once."""

    search_path = SEARCH_PATH

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.member: Membership | None = getattr(request, "member", None)
        self.tenant: Tenant | None = getattr(request, "tenant", None)

    @cached_property
    def ways(self) -> list[dict[str, Any]]:
        """The entries that this member may open, with the one that is open."""
        return [
            {"way": way, "here": self._is_open(way)}
            for way in WAYS
            if (not way.demo or settings.CS_MAILBOX_DIR) and (not way.verb or policies.may(self.member, way.verb))
        ]

    def _is_open(self, way: Way) -> bool:
        return self.request.path == way.path if way.path == "/" else self.request.path.startswith(way.path)

    @cached_property
    def places(self) -> list[Tenant]:
        """The organisations this person can enter, by name."""
        mine = RawSQL("SELECT tenant_id FROM public.people_places_of_user(%s)", [self.request.user.pk])
        here = RawSQL(SILENCE, [self.tenant.pk if self.tenant else None], output_field=JSONField())
        found = Tenant.objects.filter(pk__in=mine).only("slug", "name").annotate(silence=here)
        return list(found.order_by("name", "pk"))

    @cached_property
    def silence(self) -> dict[str, Any] | None:
        """That all mail of the organisation is stopped: why, by whom and `at` when. None if it goes out."""
        here = self.tenant.pk if self.tenant else None
        found: Any = next((place.silence for place in self.places if place.pk == here), None)  # type: ignore[attr-defined]
        return {**found, "at": parse_datetime(found["at"]) if found["at"] else None} if found else None

    @cached_property
    def brand_address(self) -> str:
        return brand.address(self.tenant.brand_colour) if self.tenant else ""

    @cached_property
    def logo_address(self) -> str:
        tenant = self.tenant
        return reverse("brand-logo", args=[tenant.slug, tenant.version]) if tenant and tenant.logo_type else ""

    @cached_property
    def query(self) -> str:
        """What stands in the search field: only what was searched for in the list it leads to."""
        return self.request.GET.get("q", "") if self.request.path == SEARCH_PATH else ""


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context processor. One frame for each request, however many templates it renders."""
    known = getattr(request, "_frame", None)
    if known is None or known.member is not getattr(request, "member", None):
        known = request._frame = Frame(request)  # type: ignore[attr-defined]
    return {"frame": known, "product": settings.PRODUCT_NAME}
