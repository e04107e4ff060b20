from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "cs_platform.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from allauth.mfa import signals
        from allauth.mfa.models import Authenticator
        from django.db.models.signals import post_init

        from cs_platform.people import jobs, own_belongings, services, teams  # noqa: F401  (sentences and jobs)
        from cs_platform.people.api import schema  # noqa: F401  (registers the documentation of the key)
        from cs_platform.people.second_factor import sealing, telling

        own_belongings.register()
        post_init.connect(sealing.refuse_a_moved_secret, sender=Authenticator, dispatch_uid="people.moved_secret")
        signals.authenticator_added.connect(telling.on_added, dispatch_uid="people.factor_added")
        signals.authenticator_removed.connect(telling.on_removed, dispatch_uid="people.factor_removed")
        signals.authenticator_reset.connect(telling.on_reset, dispatch_uid="people.factor_renewed")
