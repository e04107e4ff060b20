from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts import belongings, defaults, facts, services, tasks  # noqa: F401  (they register what they are for)

        belongings.register()
