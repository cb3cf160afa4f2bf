"""Routes: one that only answers, one that asks the database."""

from django.http import HttpRequest, JsonResponse
from django.urls import path
from shop.models import Item


def live(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django's signature
    return JsonResponse({"status": "ok"})


def items(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    return JsonResponse({"items": Item.objects.count()})


urlpatterns = [path("healthz", live), path("items", items)]
