from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "cs_platform.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cs_platform.people import jobs, services  # noqa: F401  (they register sentences and jobs)
        from cs_platform.people.api import schema  # noqa: F401  (registers the documentation of the key)
