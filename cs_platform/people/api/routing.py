"""Where rooms register their resources, in `<room>/api/routes.py`; the modules are found by themselves."""

from typing import Any

from django.urls import URLPattern, URLResolver, re_path
from django.utils.module_loading import autodiscover_modules
from django.views.decorators.csrf import csrf_exempt
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from cs_platform.people.api.errors import NOT_FOUND, problem


class Router(SimpleRouter):
    """The slash at the end may be left out: `accounts/{id}/archive` and `accounts/{id}/archive/` are one."""

    def __init__(self) -> None:
        super().__init__()
        self.trailing_slash = "/?"


router = Router()
_views: list[URLPattern] = []


def register_view(pattern: str, view: Any, name: str) -> None:
    """A single TenantAPIView class, at a pattern like `segments/preview`."""
    _views.append(re_path(rf"^{pattern}/?$", view.as_view(), name=name))


class Nothing(APIView):
    """Every other address under /api/v1/ answers like the rest of the API."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        self.args, self.kwargs, self.headers = args, kwargs, {}
        self.request = framed = self.initialize_request(request)
        return self.finalize_response(framed, problem(404, "not_found", NOT_FOUND))


def v1_urls() -> list[URLPattern | URLResolver]:
    autodiscover_modules("api.routes")
    return [*_views, *router.urls, re_path(r"^.*$", csrf_exempt(Nothing.as_view()), name="nothing")]
