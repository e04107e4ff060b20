from cs_platform.people.api.routing import register_view, router
from cs_platform.workspace.api.audit import AuditCheck
from cs_platform.workspace.api.queue import QueueState, QueueViewSet

register_view("audit/check", AuditCheck, "audit-check")
register_view("queue/state", QueueState, "queue-state")
router.register("queue", QueueViewSet, basename="queue")
