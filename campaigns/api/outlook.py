"""series-runs/, mail-pauses/, sending-calendar/, and why mail to a contact went or did not go."""

from datetime import date, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Account, Contact
from campaigns import selectors, services
from campaigns.api import outlook_shapes, shapes
from campaigns.api.resources import Narrowed
from campaigns.models import MailPause, SeriesRun
from cs_platform.people.api import Lists, Retrieves, TenantAPIView

WEEK, MONTH = timedelta(days=7), timedelta(days=31)
DATE = {"type": "string", "format": "date"}


class RunViewSet(Lists, Retrieves, Narrowed):
    """Slots of series: planned, under way, over, or skipped with the reason."""

    model = SeriesRun
    required = {"list": "series.view", "retrieve": "series.view", "send_late": "message.resend"}
    serializer_class = outlook_shapes.RunOut
    sort_fields = {"due_at": "due_at"}
    default_sort = "-due_at"
    query_params = ("series_id", "state", "reason")

    def rows(self) -> QuerySet[SeriesRun]:
        found = selectors.runs()
        if self.action != "list":
            return found
        series_id = self.id_param("series_id")
        state, reason = self.one_of("state", SeriesRun.State.values), self.one_of("reason", SeriesRun.Reason.values)
        found = found.filter(series_id=series_id) if series_id else found
        found = found.filter(state=state) if state else found
        return found.filter(reason=reason) if reason else found

    @extend_schema(request=shapes.NoteIn, responses=outlook_shapes.RunOut)
    @action(detail=True, methods=["post"], url_path="send-late")
    def send_late(self, request: Request, pk: UUID) -> Response:
        """A slot that was left out goes out now, on a person's word."""
        run = self.get_object()
        note = self.parse(shapes.NoteIn).get("note", "")
        return self.one(services.send_late(run, note=note, actor=self.actor, now=self.now))


class MailPauseViewSet(Lists, Retrieves, Narrowed):
    """No mail to an account, or to one of its contacts, for a while. A pause that is over stays in the list of all."""

    model = MailPause
    required = {
        "list": "message.view",
        "retrieve": "message.view",
        "create": "account.pause_mail",
        "end": "account.resume_mail",
    }
    serializer_class = outlook_shapes.MailPauseOut
    sort_fields = {"created_at": "created_at"}
    default_sort = "-created_at"
    query_params = ("account_id", "contact_id", "ended")

    def rows(self) -> QuerySet[MailPause]:
        if self.action != "list":
            return selectors.mail_pauses(ended=True)
        found = selectors.mail_pauses(ended=bool(self.bool_param("ended")))
        for name in ("account_id", "contact_id"):
            value = self.id_param(name)
            found = found.filter(**{name: value}) if value else found
        return found

    @extend_schema(request=outlook_shapes.MailPauseIn, responses={201: outlook_shapes.MailPauseOut})
    def create(self, request: Request) -> Response:
        """Nothing goes to the account (or the contact) any more, from the next message on."""
        typed = self.parse(outlook_shapes.MailPauseIn)
        account = Account.objects.filter(pk=typed.pop("account_id")).first()
        if account is None:
            self.invalid("account_id", "There is no such account.", code="not_found")
        contact_id = typed.pop("contact_id", None)
        contact = Contact.objects.filter(pk=contact_id, account=account).first() if contact_id else None
        if contact_id and contact is None:
            self.invalid("contact_id", "There is no such contact of this account.", code="not_found")
        why = typed.pop("why")
        made = services.pause_mail(account, why, contact=contact, **typed, actor=self.actor, now=self.now)
        return self.created(made)

    @extend_schema(request=shapes.NoteIn, responses=outlook_shapes.MailPauseOut)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: UUID) -> Response:
        """Mail goes again from the next slot on."""
        pause = self.get_object()
        note = self.parse(shapes.NoteIn).get("note", "")
        return self.one(services.end_mail_pause(pause, note=note, actor=self.actor, now=self.now))


class _Dated(TenantAPIView, abstract=True):
    def date_param(self, name: str, otherwise: date) -> date:
        value = self.param(name)
        try:
            return date.fromisoformat(value) if value else otherwise
        except ValueError:
            self.invalid(name, "Give the day as YYYY-MM-DD.")

    def window(self, before: timedelta, after: timedelta, longest: int) -> tuple[date, date]:
        """`from` and `to`, the ends included."""
        today = self.now.date()
        first = self.date_param("from", today - before)
        last = self.date_param("to", max(first, today) + after)
        if not first <= last <= first + timedelta(days=longest - 1):
            self.invalid("to", f"The window has 1 to {longest} days.", code="bad_window")
        if not 2000 <= first.year <= last.year <= 2199:
            self.invalid("from", "Choose days between the years 2000 and 2199.", code="bad_window")
        return first, last


WINDOW = [OpenApiParameter("from", DATE), OpenApiParameter("to", DATE)]


class SendingCalendarView(_Dated):
    """What goes out on which day."""

    required = {"get": "series.view"}
    query_params = ("from", "to")

    @extend_schema(parameters=WINDOW, responses=outlook_shapes.SendingCalendarOut)
    def get(self, request: Request) -> Response:
        """Days that are over: messages by state. Today and later: how many there will be, by the rules as they are."""
        first, last = self.window(timedelta(0), MONTH - timedelta(days=1), 62)
        found = selectors.sending_calendar(first, last, now=self.now)
        return Response(outlook_shapes.SendingCalendarOut(found).data)


class SeriesRecipients(_Dated):
    """Who gets what of a series on a day."""

    required = {"get": "message.view"}
    query_params = ("date", "ahead", "after")

    @extend_schema(
        parameters=[
            OpenApiParameter("date", DATE),
            OpenApiParameter("ahead", bool, description="Those who wait; else those whose message is written."),
            OpenApiParameter("after", str, description="The `next` of the page before."),
        ],
        responses=outlook_shapes.RecipientsOut,
    )
    def get(self, request: Request, series_id: UUID) -> Response:
        """Of today, or of another day."""
        series = selectors.series_for(series_id)
        day, ahead = self.date_param("date", self.now.date()), bool(self.bool_param("ahead"))
        if abs((day - self.now.date()).days) > 400:
            self.invalid("date", "Choose a day within 400 days of today.", code="bad_window")
        after = self.uuid_param("after") if self.param("after") else None
        page = selectors.recipients(series, day, now=self.now, ahead=ahead, after=after)
        body = {"results": page.rows, "next": str(page.next) if page.next else None, "count": None}
        return Response(outlook_shapes.RecipientsOut(body).data)


class ExplainContactMail(_Dated):
    """Why mail went or did not go to one contact."""

    required = {"get": "message.view"}
    query_params = ("from", "to")

    @extend_schema(parameters=WINDOW, responses=outlook_shapes.ContactMailOut)
    def get(self, request: Request, contact_id: UUID) -> Response:
        """Every series on every date of the window, also where there never was a message."""
        contact = Contact.objects.select_related("account").filter(pk=contact_id).first()
        if contact is None:
            raise Http404
        first, last = self.window(WEEK * 2, WEEK * 2, 92)
        found = selectors.explain_contact(contact, first=first, last=last, now=self.now)
        return Response(outlook_shapes.ContactMailOut(found).data)
