"""The human pages of the schema: Swagger's own page, with its script as a file, so that no inline script is needed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View


class Docs(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "people/api_docs.html")


class DocsScript(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "people/api_docs.js", content_type="application/javascript")
