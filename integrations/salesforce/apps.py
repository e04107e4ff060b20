"""The Salesforce room."""

from django.apps import AppConfig


class SalesforceConfig(AppConfig):
    name = "integrations.salesforce"
    label = "salesforce"
    verbose_name = "Salesforce"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations.salesforce import services, tasks  # noqa: F401 - declares verbs, jobs and the ticker
