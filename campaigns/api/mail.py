"""messages/, suppressions/, sending, and the mail verbs of a contact."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Contact
from campaigns import selectors, services
from campaigns.api import shapes
from campaigns.api.resources import Narrowed
from campaigns.models import Category, Message, Suppression
from cs_platform.people.api import Lists, Retrieves, TenantAPIView
from cs_platform.people.api.shapes import NothingIn


class MessageViewSet(Lists, Retrieves, Narrowed):
    """One row for each contact and slot. Rows are in the order of the time for which they were planned."""

    model = Message
    required = {
        "list": "message.view",
        "retrieve": "message.view",
        "explain": "message.view",
        "resend": "message.resend",
        "skip": "message.skip",
    }
    serializer_class = shapes.MessageOut
    sort_fields = {"due_at": "id"}
    default_sort = "-due_at"
    query_params = ("state", "series_id", "account_id", "contact_id", "template_id", "q")

    def rows(self) -> QuerySet[Message]:
        if self.action != "list":
            return selectors.messages()
        given = selectors.MessageFilters(
            state=self.one_of("state", Message.State.values) or "",
            series=str(self.id_param("series_id") or ""),
            account=str(self.id_param("account_id") or ""),
            contact=str(self.id_param("contact_id") or ""),
            template=str(self.id_param("template_id") or ""),
            q=self.param("q") or "",
        )
        return selectors.message_list(given)

    @extend_schema(responses=shapes.MessageExplanationOut)
    @action(detail=True, methods=["get"])
    def explain(self, request: Request, pk: UUID) -> Response:
        """Why this mail went or did not go, in sentences."""
        return Response(shapes.MessageExplanationOut(selectors.explain(self.get_object(), now=self.now)).data)

    @extend_schema(request=shapes.NoteIn, responses=shapes.MessageOut)
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, pk: UUID) -> Response:
        """Send it now, although nobody knows whether it arrived, or although it failed or was left out."""
        message = self.get_object()
        note = self.parse(shapes.NoteIn).get("note", "")
        services.resend_message(message, note=note, actor=self.actor, now=self.now)
        return self.one(self.get_object_again(message))

    @extend_schema(request=shapes.NoteIn, responses=shapes.MessageOut)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: UUID) -> Response:
        """Leave it out; the contact gets the next e-mail at the next slot."""
        message = self.get_object()
        note = self.parse(shapes.NoteIn).get("note", "")
        services.skip_message(message, note=note, actor=self.actor, now=self.now)
        return self.one(self.get_object_again(message))

    def get_object_again(self, message: Message) -> Message:
        return selectors.messages().get(pk=message.pk)


class SuppressionViewSet(Lists, Retrieves, Narrowed):
    """Addresses that get no mail. `DELETE` releases one; the row stays, with the time."""

    model = Suppression
    required = {
        "list": "suppression.view",
        "retrieve": "suppression.view",
        "create": "suppression.edit",
        "destroy": "suppression.edit",
    }
    serializer_class = shapes.SuppressionOut
    sort_fields = {"created_at": "created_at"}
    default_sort = "-created_at"
    query_params = ("reason", "category", "contact_id", "released")

    def rows(self) -> QuerySet[Suppression]:
        if self.action != "list":
            return selectors.suppressions(released=True)
        found = selectors.suppressions(released=bool(self.bool_param("released")))
        reason, category = self.one_of("reason", Suppression.Reason.values), self.one_of("category", Category.values)
        found = found.filter(reason=reason) if reason else found
        found = found.filter(category=category) if category else found
        contact_id = self.id_param("contact_id")
        return found.filter(contact_id=contact_id) if contact_id else found

    @extend_schema(request=shapes.SuppressionIn, responses={201: shapes.SuppressionOut})
    def create(self, request: Request) -> Response:
        """Suppress an address, at once and also for what waits. One that is on the list is answered as it is."""
        typed = self.parse(shapes.SuppressionIn)
        return self.created(services.suppress_address(typed.pop("email"), **typed, actor=self.actor, now=self.now))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Release the address."""
        services.release_suppression(self.get_object(), actor=self.actor, now=self.now)
        return Response(status=204)


class _ContactMail(TenantAPIView, abstract=True):
    def contact(self) -> Contact:
        found = Contact.objects.filter(pk=self.kwargs["contact_id"]).first()
        if found is None:
            raise Http404
        return found

    def answer(self, contact: Contact) -> Response:
        marks: dict[str, Any] = selectors.subscriptions([contact.pk])[contact.pk]
        return Response({"id": str(contact.pk), **marks})


class Unsubscribe(_ContactMail):
    required = {"post": "suppression.edit"}

    @extend_schema(request=shapes.CategoryIn, responses=None)
    def post(self, request: Request, contact_id: UUID) -> Response:
        """The contact wants no mail of a category, or none at all."""
        contact = self.contact()
        category = self.parse(shapes.CategoryIn).get("category", "")
        services.suppress_contact(contact, category=category, actor=self.actor, now=self.now)
        return self.answer(contact)


class Resubscribe(_ContactMail):
    required = {"post": "suppression.edit"}

    @extend_schema(request=shapes.CategoryIn, responses=None)
    def post(self, request: Request, contact_id: UUID) -> Response:
        """The contact wants mail of a category (or all mail) again."""
        contact = self.contact()
        category = self.parse(shapes.CategoryIn).get("category", "")
        services.release_contact(contact, category=category, actor=self.actor, now=self.now)
        return self.answer(contact)


class Sending(TenantAPIView):
    """Whether mail to customers goes out at all."""

    required = {"get": "series.view"}

    @extend_schema(responses=shapes.SendingOut)
    def get(self, request: Request) -> Response:
        return Response(_sending())


class StopSending(TenantAPIView):
    required = {"post": "sending.stop"}

    @extend_schema(request=shapes.StopIn, responses=shapes.SendingOut)
    def post(self, request: Request) -> Response:
        """Nothing goes to customers any more, from the next message on."""
        services.stop_sending(self.parse(shapes.StopIn)["why"], actor=self.actor, now=self.now)
        return Response(_sending())


class StartSending(TenantAPIView):
    required = {"post": "sending.start"}

    @extend_schema(request=NothingIn, responses=shapes.SendingOut)
    def post(self, request: Request) -> Response:
        """Mail goes out again from the next slot on."""
        self.parse(NothingIn)
        services.start_sending(actor=self.actor, now=self.now)
        return Response(_sending())


class AdoptInstallation(TenantAPIView):
    required = {"post": "sending.start"}

    @extend_schema(request=NothingIn, responses=shapes.SendingOut)
    def post(self, request: Request) -> Response:
        """This installation is the one that sends from now on; the other one must be off."""
        self.parse(NothingIn)
        services.adopt_installation(actor=self.actor, now=self.now)
        return Response(_sending())


def _sending() -> dict[str, Any]:
    row = selectors.control()
    names = ("is_on", "stopped_by", "stopped_at", "problem", "problem_at")
    body = {name: getattr(row, name) for name in names}
    return dict(shapes.SendingOut({**body, "why_not": selectors.why_nothing_is_sent()}).data)
