from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"
    label = "campaigns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from campaigns import receivers, services, shipped, tasks  # noqa: F401  (they register with the ledger)

        extend_accounts()


def extend_accounts() -> None:
    """What the API says of a contact's mail."""
    from accounts.api import extensions
    from campaigns import selectors

    extensions.register("subscribed", selectors.subscribed)
    extensions.register("suppressed", selectors.suppressed)
