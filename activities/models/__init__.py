from activities.models.tasks import Task

__all__ = ["Task"]
