from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "cs_platform.tenancy"
    label = "tenancy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cs_platform.tenancy import among

        among.register()
