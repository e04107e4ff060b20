from django.urls import path

from campaigns.views import leave

app_name = "leave"
urlpatterns = [path("<str:token>/", leave.unsubscribe, name="unsubscribe")]
