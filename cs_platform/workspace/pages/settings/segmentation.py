"""The segmentation rules: versions, the words of each, a draft as a table, who would move; publish now or on a day,
roll back."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts import rules, services
from accounts import selectors as accounts
from accounts.models import SegmentationRules
from cs_platform import ledger
from cs_platform.people.doors import member_view, saved
from cs_platform.workspace import bands, composing
from cs_platform.workspace.pages.account_verbs import form_door
from cs_platform.workspace.pages.settings.frame import frame, may, who
from cs_platform.workspace.settings_forms import ROWS_TO_ADD, DraftForm, RuleRows

EDIT = "workspace/settings/segmentation_edit.html"
State = SegmentationRules.State
SHOWN, DAY = 200, timedelta(days=1)


def _version(version_id: UUID) -> SegmentationRules:
    found = accounts.segmentation_versions().filter(pk=version_id).first()
    if found is None:
        raise Http404
    return found


@member_view("segmentation.view")
def segmentation(request: HttpRequest) -> HttpResponse:
    versions = list(accounts.segmentation_versions()[:50])
    current = next((version for version in versions if version.state == State.PUBLISHED), None)
    context = {
        **frame(request, "segmentation"),
        "versions": versions,
        "current": current,
        "drafts": [version for version in versions if version.state == State.DRAFT],
        "scheduled": [version for version in versions if version.state == State.SCHEDULED],
        "by_hand": accounts.overrides().count(),
        "rules": bands.told(current.rules) if current else [],
        "counts": accounts.counts_by_segment(),
        "may_publish": may(request, "segmentation.publish"),
    }
    return render(request, "workspace/settings/segmentation.html", context)


@member_view("segmentation.view")
def segmentation_version(request: HttpRequest, version_id: UUID) -> HttpResponse:
    version = _version(version_id)
    before = accounts.version_before(version)
    context = {
        **frame(request, "segmentation"),
        "version": version,
        "rules": bands.told(version.rules),
        "before": before,
        "differences": accounts.differences(before.rules, version.rules) if before else [],
        "may_publish": may(request, "segmentation.publish"),
        "tomorrow": services.today(request.now) + DAY,  # type: ignore[attr-defined]
    }
    if version.state != State.PUBLISHED:
        context |= _simulated(request, version)
    return render(request, "workspace/settings/segmentation_version.html", context)


def _simulated(request: HttpRequest, version: SegmentationRules) -> dict[str, Any]:
    """Who would move, as a table from segment to segment, by rule, and by name: all, or those of one cell."""
    now = request.now  # type: ignore[attr-defined]
    try:
        found = services.simulate(version.rules, now=now)
    except rules.BadRule as bad:
        return {"bad": str(bad)}
    moved = _cell(request)
    movers = list(found.sample)
    if moved is not None:
        rows = services.movers(version.rules, now=now, moved=moved)[:SHOWN]
        movers = services.as_movers(rows, version.rules)
    columns = list(dict.fromkeys(cell.to_segment for cell in found.matrix))
    lines: dict[str, dict[str, Any]] = {}
    for cell in found.matrix:
        lines.setdefault(cell.from_segment, {})[cell.to_segment] = cell
    matrix = [(here, [cells.get(there) for there in columns]) for here, cells in lines.items()]
    return {"simulation": found, "columns": columns, "matrix": matrix, "movers": movers, "moved": moved}


def _cell(request: HttpRequest) -> tuple[str, str] | None:
    if "from" not in request.GET or "to" not in request.GET:
        return None
    return request.GET["from"].replace("\x00", "")[:60], request.GET["to"].replace("\x00", "")[:60]


@member_view("segmentation.view")  # type: ignore[arg-type]
def segmentation_movers(request: HttpRequest, version_id: UUID) -> StreamingHttpResponse | HttpResponse:
    """Everybody who would move, as a table for a spreadsheet."""
    version = _version(version_id)
    try:
        rows = services.movers(version.rules, now=request.now, moved=_cell(request))  # type: ignore[attr-defined]
        movers = services.as_movers(rows, version.rules)
    except rules.BadRule as bad:
        return HttpResponse(str(bad), status=422, content_type="text/plain; charset=utf-8")
    answer = StreamingHttpResponse(_as_csv(movers), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="segmentation-v{version.number}-movers.csv"'
    return answer


class _Echo:
    def write(self, line: str) -> str:
        return line


def _as_csv(movers: list[services.Mover]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"  # so that a spreadsheet reads it as UTF-8
    yield writer.writerow(
        ["account_id", "name", "from_segment", "from_service_model", "to_segment", "to_service_model", "rule"]
    )
    for mover in movers:
        yield writer.writerow([_harmless(str(value)) for value in vars(mover).values()])


def _harmless(value: str) -> str:
    """A name that a spreadsheet would take for a formula is a text."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


@member_view("segmentation.publish")
@form_door
def draft_segmentation(request: HttpRequest) -> HttpResponse:
    """A new draft, from the version that is in force."""
    current = accounts.segmentation_in_force()
    return _edit(request, None, current.rules if current else [], {"label": ""})


@member_view("segmentation.publish")
@form_door
def edit_segmentation(request: HttpRequest, version_id: UUID) -> HttpResponse:
    version = _version(version_id)
    if version.state != State.DRAFT:
        return saved(request, "workspace:segmentation-version", version.pk)  # it never changes: look at it instead
    return _edit(request, version, version.rules, {"label": version.label, "version": version.version})


def _edit(
    request: HttpRequest, draft: SegmentationRules | None, given: list[Any], initial: dict[str, Any]
) -> HttpResponse:
    levels = [level.name for level in accounts.support_levels()]
    rows = [{**bands.row_of(rule), "place": number * 10} for number, rule in enumerate(given, start=1)]
    blank = [{"place": (len(rows) + number + 1) * 10} for number in range(ROWS_TO_ADD)]
    form = DraftForm(request.POST or None, initial=initial)
    table = RuleRows(request.POST or None, initial=[*rows, *blank], prefix="rules", form_kwargs={"levels": levels})
    segments = sorted({row["segment"] for row in rows if row["segment"]})
    models = sorted({row["service_model"] for row in rows if row["service_model"]})
    context = {
        **frame(request, "segmentation"),
        "form": form,
        "table": table,
        "draft": draft,
        "segments": segments,
        "models": models,
    }
    if request.method != "POST":
        return render(request, EDIT, context)
    if form.is_valid() and table.is_valid():
        fresh = _save(request, draft, form, table)
        if fresh is not None:
            return saved(request, "workspace:segmentation-version", fresh.pk, message="The draft is saved.")
    return composing.form_page(request, EDIT, context, wrong=True)


def _save(request: HttpRequest, draft: Any, form: DraftForm, table: Any) -> SegmentationRules | None:
    rows = [row for row in table.forms if not row.cleaned_data.get("remove") and not row.is_empty]
    rows.sort(key=lambda row: row.cleaned_data.get("place") or 999)
    given = []
    for row in rows:
        try:
            given.append(bands.rule_of(row.cleaned_data))
        except ValueError:
            row.add_error("condition", "This is not JSON.")
            return None
    try:
        if draft is None:
            with composing.once(form.token, request.now):  # type: ignore[attr-defined]
                return services.save_segmentation_draft(given, form.cleaned_data["label"], **who(request))
        with composing.unchanged(draft, form.known_version, {"rules": given, "label": form.cleaned_data["label"]}):
            return services.save_segmentation_draft(given, form.cleaned_data["label"], draft=draft, **who(request))
    except composing.SentBefore:
        return accounts.segmentation_versions().filter(state=State.DRAFT).first()
    except rules.BadRule as bad:
        _say_at_rows(bad, rows, form)
    except ledger.Refused as refusal:
        composing.add_refusal(form, refusal)
    return None


def _say_at_rows(bad: rules.BadRule, rows: list[Any], form: DraftForm) -> None:
    for problem in bad.problems:
        parts = problem.path.split(".")
        if len(parts) > 1 and parts[1].isdigit() and int(parts[1]) < len(rows):
            row = rows[int(parts[1])]
            row.add_error(parts[2] if len(parts) == 3 and parts[2] in row.fields else None, problem.message)
        else:
            form.add_error(None, problem.message)


@member_view("segmentation.publish")
@require_POST
def publish_segmentation(request: HttpRequest, version_id: UUID) -> HttpResponse:
    version = _version(version_id)
    if version.state not in (State.PUBLISHED, State.RETIRED):
        version = services.publish_segmentation(version, effective_on=_day(request), **who(request))
    return saved(request, "workspace:segmentation", message=_published(version))


@member_view("segmentation.publish")
@require_POST
def unschedule_segmentation(request: HttpRequest, version_id: UUID) -> HttpResponse:
    version = _version(version_id)
    if version.state == State.SCHEDULED:
        services.unschedule_segmentation(version, **who(request))
    message = f"Version {version.number} is a draft again."
    return saved(request, "workspace:segmentation-version", version.pk, message=message)


@member_view("segmentation.publish")
@require_POST
def roll_back_segmentation(request: HttpRequest, version_id: UUID) -> HttpResponse:
    """The rules of an earlier version count again, as a new version. A form that is sent twice does it once."""
    version = _version(version_id)
    newest = accounts.segmentation_versions().filter(state__in=[State.PUBLISHED, State.SCHEDULED]).first()
    if newest is not None and newest.restores == version.number:
        return saved(request, "workspace:segmentation", message=_published(newest))
    made = services.roll_back_segmentation(version, effective_on=_day(request), **who(request))
    return saved(request, "workspace:segmentation", message=_published(made))


def _day(request: HttpRequest) -> date | None:
    given = request.POST.get("effective_on", "").strip()
    if not given:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise ledger.Refused("Give the day as YYYY-MM-DD.", code="invalid_date", field="effective_on") from None


def _published(version: SegmentationRules) -> str:
    if version.state == State.SCHEDULED and version.effective_on:
        day = version.effective_on
        return f"Version {version.number} counts from {day.day} {day:%b %Y}. Until then everything stays."
    return f"Version {version.number} is in force. Every account was segmented anew."
