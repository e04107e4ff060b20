"""The Salesforce room."""

from django.apps import AppConfig


class SalesforceConfig(AppConfig):
    name = "integrations.salesforce"
    label = "salesforce"
    verbose_name = "Salesforce"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations.salesforce import (  # noqa: F401 - declares verbs, jobs, tickers
            adopting,
            hints,
            nightly,
            services,
            tasks,
        )
        from integrations.salesforce.writing import deciding, receivers, replaying, rooms  # noqa: F401 - verbs, facts
        from integrations.salesforce.writing import tasks as writing  # noqa: F401 - writes what they leave
