from cs_platform.people.api.routing import register_view, router
from lifecycle.api.configuration import LifecycleViewSet, StageViewSet
from lifecycle.api.standing import AccountStageViewSet, ExplainStage

router.register("lifecycles", LifecycleViewSet, basename="lifecycle")
router.register("stages", StageViewSet, basename="stage")
router.register(r"accounts/(?P<account_id>[^/]+)/stages", AccountStageViewSet, basename="account-stage")
register_view(r"accounts/(?P<account_id>[^/]+)/explain/stage", ExplainStage, "explain-stage")
