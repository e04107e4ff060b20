from activities.api.tasks import TaskViewSet
from cs_platform.people.api.routing import router

router.register("tasks", TaskViewSet, basename="task")
