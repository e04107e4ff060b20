from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    name = "cs_platform.workspace"
    label = "workspace"

    def ready(self) -> None:
        from cs_platform.workspace import looks, receivers  # noqa: F401  (registers with the ledger)

        looks.register()
