"""Where the viewsets live under /api/v1/."""

from cs_platform.people.api.routing import router
from integrations.salesforce.api.views import ConnectionViewSet, SyncRunViewSet
from integrations.salesforce.api.writing import ConflictViewSet

router.register("conflicts", ConflictViewSet, basename="conflict")
router.register("connections", ConnectionViewSet, basename="connection")
router.register("sync-runs", SyncRunViewSet, basename="sync-run")
