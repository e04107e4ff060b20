"""Addresses that other systems call, without a login."""

from django.urls import path

from integrations.salesforce import public_views

app_name = "hooks"
urlpatterns = [path("salesforce/<str:token>/", public_views.hint, name="salesforce-hint")]
