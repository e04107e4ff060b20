"""Pages of the integrations floor."""

from django.urls import path

from integrations.salesforce import mapping_views, views
from integrations.salesforce.writing import views as writing

app_name = "integrations"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("salesforce/connect/", views.connect, name="connect"),
    path("salesforce/<uuid:connection_id>/", views.connection, name="connection"),
    path("salesforce/<uuid:connection_id>/edit/", views.edit, name="edit-connection"),
    path("salesforce/<uuid:connection_id>/test/", views.test, name="test-connection"),
    path("salesforce/<uuid:connection_id>/mapping/", mapping_views.edit_mapping, name="mapping"),
    path("salesforce/<uuid:connection_id>/mapping/preview/", mapping_views.preview_mapping, name="preview-mapping"),
    path("salesforce/<uuid:connection_id>/rotate-hints/", views.rotate_hints, name="rotate-hints"),
    path("conflicts/", writing.conflicts, name="conflicts"),
    path("conflicts/resolve/", writing.resolve_conflicts, name="resolve-conflicts"),
    path("conflicts/<uuid:conflict_id>/resolve/", writing.resolve_conflict, name="resolve-conflict"),
    path("salesforce/<uuid:connection_id>/writes/", writing.writes, name="writes"),
    path("salesforce/<uuid:connection_id>/writes/replay/", writing.replay_writes, name="replay-writes"),
    path("salesforce/<uuid:connection_id>/writes/discard/", writing.discard_writes, name="discard-writes"),
    path("salesforce/runs/<uuid:run_id>/replay/", writing.replay_run, name="replay-run"),
    path("salesforce/<uuid:connection_id>/sync/", views.sync, name="sync-connection"),
    path("salesforce/<uuid:connection_id>/pause/", views.pause, name="pause-connection"),
    path("salesforce/<uuid:connection_id>/resume/", views.resume, name="resume-connection"),
    path("salesforce/runs/<uuid:run_id>/", views.run, name="run"),
    path("salesforce/runs/<uuid:run_id>/cancel/", views.cancel, name="cancel-sync"),
]
