"""instances/."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors, services
from accounts.api.fields import told
from accounts.api.shapes import instances as shapes
from accounts.models import Account, Instance
from accounts.services import cleaning
from cs_platform.people.api import Lists, Retrieves, TenantViewSet


class InstanceViewSet(Lists, Retrieves, TenantViewSet):
    """Where customers run the product, and who looks after it there."""

    model = Instance
    required = {
        "list": "instance.view",
        "retrieve": "instance.view",
        "create": "instance.edit",
        "partial_update": "instance.edit",
        "destroy": "instance.edit",
        "set_admins": "instance.edit",
    }
    serializer_class = shapes.InstanceOut
    sort_fields = dict(selectors.INSTANCE_SORTS)
    default_sort = "name"
    query_params = ("account_id", "kind", "deployment", "external_id")

    def rows(self) -> QuerySet[Instance]:
        found = selectors.instances().select_related("account")
        if self.action != "list":
            return found
        try:
            account_id = cleaning.reference(self.param("account_id"))
        except cleaning.BadValue as bad:
            self.invalid("account_id", str(bad), code=bad.code)
        if account_id is not None:
            found = found.filter(account_id=account_id)
        for name in ("kind", "deployment", "external_id"):
            if self.param(name) is not None:
                found = found.filter(**{name: self.param(name)})
        return found

    @extend_schema(request=shapes.NewInstanceIn, responses={201: shapes.InstanceOut})
    def create(self, request: Request) -> Response:
        """One more instance of an account, with its admins."""
        typed = self.parse(shapes.NewInstanceIn)
        account = Account.objects.filter(pk=typed.pop("account_id")).first()
        if account is None:
            self.invalid("account_id", "There is no such account.", code="not_found")
        admins = typed.pop("contact_ids", [])
        with told():
            made = services.create_instance(account, typed, admins, actor=self.actor, now=self.now)
        return self.created(self._again(made))

    @extend_schema(request=shapes.InstanceIn, responses=shapes.InstanceOut)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change the given fields; null clears."""
        instance = self.get_object()
        typed = self.parse(shapes.InstanceIn, partial=True)
        with told():
            services.edit_instance(instance, typed, actor=self.actor, now=self.now)
        return self.one(self._again(instance))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """The customer does not run it any more."""
        services.delete_instance(self.get_object(), actor=self.actor, now=self.now)
        return Response(status=204)

    @extend_schema(request=shapes.InstanceAdminsIn, responses=shapes.InstanceOut)
    @action(detail=True, methods=["post"], url_path="set-admins")
    def set_admins(self, request: Request, pk: UUID) -> Response:
        """Who looks after it; all of them at once."""
        instance = self.get_object()
        admins = self.parse(shapes.InstanceAdminsIn)["contact_ids"]
        with told():
            services.set_instance_admins(instance, admins, actor=self.actor, now=self.now)
        return self.one(self._again(instance))

    def _again(self, instance: Instance) -> Any:
        return self.rows().get(pk=instance.pk)
