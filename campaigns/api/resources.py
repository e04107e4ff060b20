"""email-templates/, series/ and enrolments/."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Contact
from campaigns import previewing, selectors, services
from campaigns.api import outlook_shapes, shapes
from campaigns.models import Category, EmailTemplate, Enrolment, Series
from cs_platform import ledger
from cs_platform.people.api import Lists, Retrieves, TenantViewSet
from cs_platform.people.api.shapes import NothingIn

SERIES_FIELDS = (
    "name", "success_flow", "category", "weekdays", "local_time", "zone", "holidays", "audience_roles",
)  # fmt: skip


class Narrowed(TenantViewSet, abstract=True):
    def id_param(self, name: str) -> UUID | None:
        value = self.param(name)
        try:
            return UUID(value) if value else None
        except ValueError:
            self.invalid(name, "This is not an id.")
        return None

    def one_of(self, name: str, known: Iterable[str]) -> str | None:
        value = self.param(name)
        if value is not None and value not in known:
            self.invalid(name, f"Say one of {', '.join(known)}.")
        return value


class TemplateViewSet(Lists, Retrieves, Narrowed):
    """Texts. Changing one makes a new version; messages that wait keep the version they were planned with."""

    model = EmailTemplate
    required = {
        "list": "template.view",
        "retrieve": "template.view",
        "create": "template.edit",
        "partial_update": "template.edit",
        "versions": "template.view",
        "preview": "template.view",
    }
    serializer_class = shapes.TemplateOut
    sort_fields = {"name": "name", "created_at": "created_at", "updated_at": "updated_at"}
    default_sort = "name"
    query_params = ("category", "q")

    def rows(self) -> QuerySet[EmailTemplate]:
        found = selectors.templates()
        if self.action != "list":
            return found
        category = self.one_of("category", Category.values)
        found = found.filter(category=category) if category else found
        q = self.param("q")
        return found.filter(name__icontains=q) if q else found

    def many(self, found: Iterable[Any]) -> list[Any]:
        templates = list(found)
        return list(self.shape()(templates, many=True, context=self._context(templates)).data)

    def serialize(self, found: Any, *, whole: bool = False) -> Any:
        return self.shape()(found, context=self._context([found], whole=whole)).data

    def _context(self, templates: list[EmailTemplate], *, whole: bool = False) -> dict[str, Any]:
        context = {"request": self.request, "view": self} if whole else self.shape_context()
        return {**context, "texts": selectors.texts_of(templates)}

    @extend_schema(request=shapes.TemplateIn, responses={201: shapes.TemplateOut})
    def create(self, request: Request) -> Response:
        """A text under a name. A merge field that does not exist is refused with its line and column."""
        typed = self.parse(shapes.TemplateIn)
        return self.created(services.create_template(**typed, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.TemplateIn, responses=shapes.TemplateOut)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Another text is another version, in force from now on."""
        template = self.get_object()
        typed = self.parse(shapes.TemplateIn, partial=True)
        return self.one(services.edit_template(template, **typed, actor=self.actor, now=self.now))

    @extend_schema(responses=shapes.TemplateVersionOut(many=True))
    @action(detail=True, methods=["get"])
    def versions(self, request: Request, pk: UUID) -> Response:
        """All versions, newest first."""
        rows = selectors.versions_of(self.get_object())
        return Response({"results": list(shapes.TemplateVersionOut(rows, many=True).data), "next": None, "count": None})

    @extend_schema(request=shapes.PreviewIn, responses=shapes.PreviewOut)
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, pk: UUID) -> Response:
        """What a contact would get; without one, an example."""
        template = self.get_object()
        contact_id = self.parse(shapes.PreviewIn).get("contact_id")
        contact = Contact.objects.filter(pk=contact_id).first() if contact_id else None
        if contact_id and contact is None:
            self.invalid("contact_id", "There is no such contact.", code="not_found")
        version = selectors.version_of(template)
        shown = previewing.preview(version.subject, version.body, contact=contact)
        return Response(shapes.PreviewOut(shown).data)


class SeriesViewSet(Lists, Retrieves, Narrowed):
    """E-mails in a fixed order, one at each slot."""

    model = Series
    required = {
        "list": "series.view",
        "retrieve": "series.view",
        "create": "series.edit",
        "partial_update": "series.edit",
        "activate": "series.edit",
        "archive": "series.edit",
        "pause": "series.pause",
        "resume": "series.resume",
        "enrol": "series.enrol",
        "start_audience": "series.enrol",
        "end_audience": "series.enrol",
        "metrics": "series.view",
    }
    serializer_class = shapes.SeriesOut
    sort_fields = {"name": "name", "created_at": "created_at", "updated_at": "updated_at"}
    default_sort = "name"
    query_params = ("state", "category", "q")

    def rows(self) -> QuerySet[Series]:
        found = selectors.all_series().prefetch_related("items__template")
        if self.action != "list":
            return found
        state, category = self.one_of("state", Series.State.values), self.one_of("category", Category.values)
        found = found.filter(state=state) if state else found
        found = found.filter(category=category) if category else found
        q = self.param("q")
        return found.filter(name__icontains=q) if q else found

    @extend_schema(request=shapes.SeriesIn, responses={201: shapes.SeriesOut})
    def create(self, request: Request) -> Response:
        """A series in draft."""
        typed = self.parse(shapes.SeriesIn)
        items = [item["template_id"] for item in typed.pop("items", [])]
        return self.created(services.create_series(typed, template_ids=items, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.SeriesIn, responses=shapes.SeriesOut)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Another rule or other items count for every slot that has not begun."""
        series = self.get_object()
        typed = self.parse(shapes.SeriesIn, partial=True)
        items = typed.pop("items", None)
        with ledger.unit():
            if typed:
                series = services.edit_series(series, typed, actor=self.actor, now=self.now)
            if items is not None:
                ids = [item["template_id"] for item in items]
                series = services.set_items(series, ids, actor=self.actor, now=self.now)
        return self._again(series)

    def _again(self, series: Series) -> Response:
        return self.one(self.rows().get(pk=series.pk))

    @extend_schema(request=NothingIn, responses=shapes.SeriesOut)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: UUID) -> Response:
        """It sends from its next slot on."""
        series = self.get_object()
        self.parse(NothingIn)
        return self._again(services.activate_series(series, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.NoteIn, responses=shapes.SeriesOut)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: UUID) -> Response:
        """Nothing of it goes out, from the next message on."""
        series = self.get_object()
        note = self.parse(shapes.NoteIn).get("note", "")
        return self._again(services.pause_series(series, note=note, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.NoteIn, responses=shapes.SeriesOut)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: UUID) -> Response:
        """It goes on with the next slot; what fell due meanwhile is not made up for."""
        series = self.get_object()
        note = self.parse(shapes.NoteIn).get("note", "")
        return self._again(services.resume_series(series, note=note, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.NoteIn, responses=shapes.SeriesOut)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: UUID) -> Response:
        """It never sends again."""
        series = self.get_object()
        note = self.parse(shapes.NoteIn).get("note", "")
        return self._again(services.archive_series(series, note=note, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.EnrolIn, responses=shapes.EnrolOut)
    @action(detail=True, methods=["post"])
    def enrol(self, request: Request, pk: UUID) -> Response:
        """Contacts, or everybody with a role of the series at these accounts, get it from its next slot on."""
        series = self.get_object()
        typed = self.parse(shapes.EnrolIn)
        contact_ids = typed.get("contact_ids") or selectors.people_for(series, typed["account_ids"])
        results = services.enrol_contacts(series, contact_ids, actor=self.actor, now=self.now)
        enrolled = sum(result.result in ("enrolled", "restarted") for result in results)
        return Response(shapes.EnrolOut({"enrolled": enrolled, "results": results}).data)

    @extend_schema(request=outlook_shapes.AudienceIn, responses=outlook_shapes.AudienceOut)
    @action(detail=True, methods=["post"], url_path="start-audience")
    def start_audience(self, request: Request, pk: UUID) -> Response:
        """Everybody at these accounts who has a role of the series gets it, also those who get such a role later."""
        series = self.get_object()
        ids = self.parse(outlook_shapes.AudienceIn)["account_ids"]
        enrolled = services.start_audience(series, ids, actor=self.actor, now=self.now)
        return Response({"enrolled": enrolled})

    @extend_schema(request=outlook_shapes.AudienceIn, responses=outlook_shapes.AudienceOut)
    @action(detail=True, methods=["post"], url_path="end-audience")
    def end_audience(self, request: Request, pk: UUID) -> Response:
        """Nobody else at these accounts is enrolled by role. Who is in the series stays in it."""
        series = self.get_object()
        ids = self.parse(outlook_shapes.AudienceIn)["account_ids"]
        services.end_audience(ids, series=series, actor=self.actor, now=self.now)
        return Response({"enrolled": 0})

    @extend_schema(responses=shapes.MetricsOut)
    @action(detail=True, methods=["get"])
    def metrics(self, request: Request, pk: UUID) -> Response:
        """What it did: messages by state, enrolments by state and reason, each e-mail by itself."""
        return Response(shapes.MetricsOut(selectors.metrics(self.get_object())).data)


class EnrolmentViewSet(Lists, Retrieves, Narrowed):
    """Who is in which series, and how far."""

    model = Enrolment
    required = {
        "list": "series.view",
        "retrieve": "series.view",
        "pause": "series.enrol",
        "resume": "series.enrol",
        "stop": "series.enrol",
    }
    serializer_class = shapes.EnrolmentOut
    sort_fields = {"created_at": "created_at"}
    default_sort = "-created_at"
    query_params = ("series_id", "contact_id", "account_id", "state")

    def rows(self) -> QuerySet[Enrolment]:
        found: QuerySet[Enrolment] = Enrolment.objects.all()
        if self.action != "list":
            return found
        for name in ("series_id", "contact_id", "account_id"):
            value = self.id_param(name)
            found = found.filter(**{name: value}) if value else found
        state = self.one_of("state", Enrolment.State.values)
        return found.filter(state=state) if state else found

    @extend_schema(request=shapes.NoteIn, responses=shapes.EnrolmentOut)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: UUID) -> Response:
        """This contact gets nothing of the series for now."""
        enrolment = self.get_object()
        note = self.parse(shapes.NoteIn).get("note", "")
        return self.one(services.pause_enrolment(enrolment, note=note, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.NoteIn, responses=shapes.EnrolmentOut)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: UUID) -> Response:
        """It goes on with the next slot, where it was."""
        enrolment = self.get_object()
        note = self.parse(shapes.NoteIn).get("note", "")
        return self.one(services.resume_enrolment(enrolment, note=note, actor=self.actor, now=self.now))

    @extend_schema(request=shapes.NoteIn, responses=shapes.EnrolmentOut)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: UUID) -> Response:
        """This contact gets nothing more of the series."""
        enrolment = self.get_object()
        note = self.parse(shapes.NoteIn).get("note", "")
        return self.one(services.stop_enrolment(enrolment, note=note, actor=self.actor, now=self.now))
