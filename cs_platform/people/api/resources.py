"""members/, invitations/, api-keys/, audit/ and the change feed."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from cs_platform.ledger.models import AuditRow, FactRow
from cs_platform.people import belongings, selectors, services, teams
from cs_platform.people.api import shapes
from cs_platform.people.api.viewsets import Lists, Retrieves, TenantViewSet
from cs_platform.people.models import ApiKey, Invitation, Membership, Team
from cs_platform.people.second_factor import resetting

BIGGEST = 2**63 - 1


class MemberViewSet(Lists, Retrieves, TenantViewSet):
    model = Membership
    required = {
        "list": "member.view",
        "retrieve": "member.view",
        "partial_update": "member.edit",
        "belongings": "member.edit",
        "deactivate": "member.edit",
        "reset_second_factor": "member.reset_second_factor",
    }
    serializer_class = shapes.MemberOut
    sort_fields = {"name": "user__name", "email": "user__email", "created_at": "created_at"}
    default_sort = "name"
    query_params = ("active", "email", "role")

    def rows(self) -> QuerySet[Membership]:
        found = selectors.with_teams(selectors.members())
        if self.action != "list":
            return found
        active = self.bool_param("active")
        if active is not None:
            found = found.filter(is_active=active)
        if self.param("email"):
            found = found.filter(user__email=(self.param("email") or "").lower())
        if self.param("role"):
            found = found.filter(roles__contains=[self.param("role")])
        return found

    @extend_schema(request=shapes.MemberIn, responses=shapes.MemberOut)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Replace the roles."""
        member = self.get_object()
        typed = self.parse(shapes.MemberIn, partial=True)
        if "roles" in typed:
            services.edit_roles(member, typed["roles"], by=self.who, actor=self.actor, now=self.now)
        return self.one(self.rows().get(pk=member.pk))

    @extend_schema(responses=shapes.BelongingsOut)
    @action(detail=True, methods=["get"])
    def belongings(self, request: Request, pk: UUID) -> Response:
        """What the member owns now, by kind: what a plan for `deactivate` has to say."""
        owned = belongings.of(self.get_object())
        return Response(shapes.BelongingsOut({"belongings": owned}, context={"request": request, "view": self}).data)

    @extend_schema(request=shapes.DeactivateIn, responses=shapes.MemberOut)
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: UUID) -> Response:
        """Shut the member out, at once. Refused (`still_owns`, with the counts) while the plan leaves something out."""
        member = self.get_object()
        plan = self.parse(shapes.DeactivateIn).get("plan", {})
        services.deactivate_member(member, plan=plan, by=self.who, actor=self.actor, now=self.now)
        return self.one(self.rows().get(pk=member.pk))

    @extend_schema(request=shapes.NothingIn, responses=shapes.MemberOut)
    @action(detail=True, methods=["post"], url_path="reset-second-factor")
    def reset_second_factor(self, request: Request, pk: UUID) -> Response:
        """For a person who lost the device and the recovery codes. The person gets a mail."""
        member = self.get_object()
        self.parse(shapes.NothingIn)
        return self.one(resetting.reset_second_factor(member, by=self.who, actor=self.actor, now=self.now))


class TeamViewSet(Lists, Retrieves, TenantViewSet):
    model = Team
    required = {
        "list": "member.view",
        "retrieve": "member.view",
        "create": "team.create",
        "partial_update": "team.edit",
        "destroy": "team.archive",
        "restore": "team.archive",
        "set_members": "team.set_members",
    }
    serializer_class = shapes.TeamOut
    sort_fields = {"name": "name", "created_at": "created_at"}
    default_sort = "name"
    query_params = ("archived", "member_id")

    def rows(self) -> QuerySet[Team]:
        found = selectors.teams()
        if self.action != "list":
            return found
        archived = self.bool_param("archived")
        if archived is not None:
            found = found.filter(archived_at__isnull=not archived)
        if self.param("member_id"):
            found = found.filter(places__member_id=self.uuid_param("member_id"))
        return found

    @extend_schema(request=shapes.TeamIn, responses={201: shapes.TeamOut})
    def create(self, request: Request) -> Response:
        """A team without members yet."""
        return self.created(teams.create_team(**self.parse(shapes.TeamIn), actor=self.actor, now=self.now))

    @extend_schema(request=shapes.TeamIn, responses=shapes.TeamOut)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        team = self.get_object()
        teams.edit_team(team, **self.parse(shapes.TeamIn, partial=True), actor=self.actor, now=self.now)
        return self.one(selectors.team_for(team.pk))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Archive the team; `restore` brings it back."""
        teams.archive_team(self.get_object(), actor=self.actor, now=self.now)
        return Response(status=204)

    @extend_schema(request=shapes.NothingIn, responses=shapes.TeamOut)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: UUID) -> Response:
        """Bring an archived team back."""
        team = self.get_object()
        self.parse(shapes.NothingIn)
        teams.restore_team(team, actor=self.actor, now=self.now)
        return self.one(selectors.team_for(team.pk))

    @extend_schema(request=shapes.TeamMembersIn, responses=shapes.TeamOut)
    @action(detail=True, methods=["post"], url_path="set-members")
    def set_members(self, request: Request, pk: UUID) -> Response:
        """Who is in the team from now on; whoever is not named leaves it."""
        team = self.get_object()
        places = self.parse(shapes.TeamMembersIn)["members"]
        wanted = {place["member_id"]: place["lead"] for place in places}
        teams.set_members(team, wanted, actor=self.actor, now=self.now)
        return self.one(selectors.team_for(team.pk))


class InvitationViewSet(Lists, Retrieves, TenantViewSet):
    model = Invitation
    required = {
        "list": "member.view",
        "retrieve": "member.view",
        "create": "member.invite",
        "revoke": "member.invite",
    }
    serializer_class = shapes.InvitationOut
    sort_fields = {"created_at": "created_at", "email": "email"}
    default_sort = "-created_at"

    @extend_schema(request=shapes.InvitationIn, responses={201: shapes.InvitationOut})
    def create(self, request: Request) -> Response:
        """Invite an address; the link is mailed to it."""
        typed = self.parse(shapes.InvitationIn)
        return self.created(
            services.invite_member(typed["email"], typed["roles"], by=self.who, actor=self.actor, now=self.now)
        )

    @extend_schema(request=shapes.NothingIn, responses=shapes.InvitationOut)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: UUID) -> Response:
        """The link stops working at once."""
        invitation = self.get_object()
        self.parse(shapes.NothingIn)
        return self.one(services.revoke_invitation(invitation, actor=self.actor, now=self.now))


class ApiKeyViewSet(Lists, Retrieves, TenantViewSet):
    model = ApiKey
    required = {
        "list": "api_key.view",
        "retrieve": "api_key.view",
        "create": "api_key.create",
        "revoke": "api_key.revoke",
    }
    serializer_class = shapes.KeyOut
    sort_fields = {"created_at": "created_at", "name": "name"}
    default_sort = "-created_at"

    @extend_schema(request=shapes.KeyIn, responses={201: shapes.NewKeyOut})
    def create(self, request: Request) -> Response:
        """Create a key. The answer holds the key itself, this once; a repeated answer holds null."""
        typed = self.parse(shapes.KeyIn)
        key, plain = services.create_api_key(
            typed["name"],
            typed["scopes"],
            expires_at=typed.get("expires_at"),
            by=self.who,
            actor=self.actor,
            now=self.now,
        )
        return Response({**self.serialize(key, whole=True), "key": plain}, status=201, headers={"ETag": self.etag(key)})

    def stored_answer(self, response: Response) -> object:
        data = response.data
        return {**data, "key": None} if isinstance(data, dict) and "key" in data else data

    @extend_schema(request=shapes.NothingIn, responses=shapes.KeyOut)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: UUID) -> Response:
        """The key stops working at once."""
        key = self.get_object()
        self.parse(shapes.NothingIn)
        return self.one(services.revoke_api_key(key, actor=self.actor, now=self.now))


class AuditViewSet(Lists, Retrieves, TenantViewSet):
    model = AuditRow
    required = {"list": "audit.view", "retrieve": "audit.view"}
    serializer_class = shapes.AuditOut
    sort_fields = {"id": "id"}
    default_sort = "-id"
    query_params = ("verb", "object_type", "object_id", "account_id", "actor_id")
    uuid_arguments = False

    def rows(self) -> QuerySet[AuditRow]:
        found: QuerySet[AuditRow] = AuditRow.objects.select_related("call")
        if self.action != "list":
            return found
        for name in ("verb", "object_type", "object_id"):
            if self.param(name):
                found = found.filter(**{name: self.param(name)})
        if self.param("actor_id"):
            found = found.filter(call__actor_id=self.param("actor_id"))
        if self.param("account_id"):
            found = found.filter(account_id=self.uuid_param("account_id"))
        return found

    def get_object(self) -> AuditRow:
        pk = self.kwargs["pk"]
        if not pk.isascii() or not pk.isdigit() or len(pk) > 19 or int(pk) > BIGGEST:
            raise Http404
        return super().get_object()  # type: ignore[no-any-return]


class ChangeViewSet(TenantViewSet):
    """The change feed: every fact of the tenant in the order of its commits. Ask again with the last `cursor`."""

    model = FactRow
    required = {"list": "audit.view"}
    serializer_class = shapes.ChangeOut
    query_params = ("after", "types")

    def allowed_params(self) -> set[str] | None:
        return {"after", "types", "limit", "fields"}

    def list(self, request: Request) -> Response:
        _, _, limit = self.page_args()
        after = self._after()
        found: QuerySet[Any] = FactRow.objects.filter(position__gt=after).order_by("position")
        types = self.params_list("types")
        if types:
            found = found.filter(name__in=types)
        rows = list(found[: limit + 1])
        more, rows = len(rows) > limit, rows[:limit]
        last = rows[-1].position if rows else after
        following = None
        if more:
            query = request.query_params.copy()
            query["after"] = str(last)
            following = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        return Response({"results": self.many(rows), "next": following, "count": None, "cursor": str(last)})

    def _after(self) -> int:
        raw = self.param("after") or "0"
        if not raw.isascii() or not raw.isdigit() or len(raw) > 18:
            self.invalid("after", "This is not a cursor of the change feed.", code="bad_cursor")
        return int(raw)
