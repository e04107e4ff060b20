"""Pages of the integrations floor."""

from django.urls import path

from integrations.salesforce import views

app_name = "integrations"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("salesforce/connect/", views.connect, name="connect"),
    path("salesforce/<uuid:connection_id>/", views.connection, name="connection"),
    path("salesforce/<uuid:connection_id>/edit/", views.edit, name="edit-connection"),
    path("salesforce/<uuid:connection_id>/test/", views.test, name="test-connection"),
    path("salesforce/<uuid:connection_id>/sync/", views.sync, name="sync-connection"),
    path("salesforce/<uuid:connection_id>/pause/", views.pause, name="pause-connection"),
    path("salesforce/<uuid:connection_id>/resume/", views.resume, name="resume-connection"),
    path("salesforce/runs/<uuid:run_id>/", views.run, name="run"),
    path("salesforce/runs/<uuid:run_id>/cancel/", views.cancel, name="cancel-sync"),
]
