from django.apps import AppConfig


class PlatformConfig(AppConfig):
    """Carries the commands that belong to the house as a whole: services, demo, run_due, doctor."""

    name = "cs_platform"
    label = "platform"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_login_failed

        from cs_platform import (
            checks,  # noqa: F401  (registers the system checks)
            counting,
        )
        from cs_platform.celery import app  # noqa: F401  (the bell)

        user_login_failed.connect(counting.on_refused_login, dispatch_uid="platform.refused_login")
