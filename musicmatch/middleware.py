"""What happens before any view."""

from collections.abc import Callable

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

# A form is only ever sent from a page, and no page is shown at localhost.
_SAFE = {"GET", "HEAD"}
_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
# Whoever watches the process takes a redirect for an answer, or for a failure.
_PROBES = {"/healthz", "/readyz", "/metrics"}


class MethodMiddleware:
    """Refuse methods that no page here has, before any is asked."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in _METHODS:
            return HttpResponseNotAllowed(_METHODS)
        return self.get_response(request)


class LoopbackHostMiddleware:
    """Send ``localhost`` to ``127.0.0.1``.

    Spotify refuses ``localhost`` as a place to come back to, and the cookies of
    the two names are not shared: a sign-in started at one would end at neither.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host, _, port = request.get_host().lower().partition(":")
        is_page = request.method in _SAFE and request.path not in _PROBES
        if host.rstrip(".") == "localhost" and is_page:
            place = f"127.0.0.1:{port}" if port else "127.0.0.1"
            return HttpResponseRedirect(
                f"{request.scheme}://{place}{request.get_full_path()}"
            )
        return self.get_response(request)


class OriginMiddleware:
    """Keep every answer to this site: no other may embed it or share a process."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Embedder-Policy", "require-corp")
        return response


class PrivateMiddleware:
    """Let nobody keep what a signed-in person sees, nor what sets a cookie."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_own = request.session.session_key or response.cookies
        if is_own and "Cache-Control" not in response.headers:
            add_never_cache_headers(response)
        return response


class CookieMiddleware:
    """Drop cookies with a null byte: Postgres takes none, not even to look for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        for name in [name for name, value in request.COOKIES.items() if "\0" in value]:
            del request.COOKIES[name]
        return self.get_response(request)


class NotFoundMiddleware:
    """Every 404 is the one page, whatever made it, with DEBUG on as well.

    A missing person and one who is hidden from the viewer must look the same.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 404:
            return response
        return render(request, "404.html", status=404)
