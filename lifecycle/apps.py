from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    name = "lifecycle"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from lifecycle import defaults, receivers, rule_fields, services  # noqa: F401  (they register themselves)
        from lifecycle.api import account_places  # noqa: F401
