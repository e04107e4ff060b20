from django.urls import path

from cs_platform.people import views

app_name = "people"
urlpatterns = [
    path("switch-tenant/", views.switch_tenant, name="switch-tenant"),
    path("invitations/<str:token>/", views.accept_invitation, name="accept-invitation"),
]
