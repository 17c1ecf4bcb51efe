"""The site's addresses, and a bare page beside them to measure them by."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from accounts.models import User


def bare(request: HttpRequest) -> HttpResponse:
    """What Django can do at most here: one row by its key, and no template."""
    person = User.objects.only("handle").order_by("pk").first()
    return HttpResponse(f"<!DOCTYPE html><title>Bare</title><p>{person}</p>")


urlpatterns = [path("bare/", bare), path("", include("musicmatch.urls"))]
