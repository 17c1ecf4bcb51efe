"""The page that says why a sign-in stopped, with the other doors."""

from math import ceil

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import gate
from accounts.spotify.errors import Refusal
from accounts.spotify.services import SERVICE


def refusal_page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    now = timezone.now()
    closed = gate.closure(SERVICE, now) if refusal is Refusal.RESTING else None
    context = {
        "reason": refusal.value,
        "reason_text": refusal.words,
        "retry_at": closed.until if closed else None,
    }
    template = "socialaccount/authentication_error.html"
    response = render(request, template, context, status=refusal.status)
    if closed:
        seconds = ceil((closed.until - now).total_seconds())
        response.headers["Retry-After"] = str(seconds)
    return response
