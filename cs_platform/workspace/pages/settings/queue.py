"""The queue: what waits, what was given up and why, and doing it again."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from cs_platform.people import keyset
from cs_platform.people.doors import member_view, saved
from cs_platform.workspace import selectors, services
from cs_platform.workspace.pages.settings.frame import frame, may, who

ROWS = 50


@member_view("queue.view")
def queue(request: HttpRequest) -> HttpResponse:
    cursor = request.GET.get("cursor", "")[:2001] or None
    try:
        page = keyset.paginate(selectors.dead_work(), sort="-id", allowed={"id": "id"}, cursor=cursor, limit=ROWS)
    except keyset.BadCursor:
        page = keyset.paginate(selectors.dead_work(), sort="-id", allowed={"id": "id"}, limit=ROWS)
    context = {
        **frame(request, "queue"),
        "dead": page.rows,
        "next": f"?cursor={page.next}" if page.next else "",
        "first": "?" if cursor else "",
        "state": selectors.queue_state(request.now),  # type: ignore[attr-defined]
        "may_replay": may(request, "queue.replay"),
    }
    return render(request, "workspace/settings/queue.html", context)


@member_view("queue.replay")
@require_POST
def replay_work(request: HttpRequest, row_id: int) -> HttpResponse:
    row = selectors.work_for(row_id)
    if row is None:
        raise Http404
    if row.state == row.State.DEAD:
        services.replay_work(row, **who(request))
    return saved(request, "workspace:queue", message="It runs again now.")
