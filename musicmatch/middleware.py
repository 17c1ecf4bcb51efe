"""What happens before any view."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render


class LoopbackHostMiddleware:
    """Send ``localhost`` to ``127.0.0.1``.

    Spotify refuses ``localhost`` as a place to come back to, and the cookies of
    the two names are not shared: a sign-in started at one would end at neither.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host, _, port = request.get_host().partition(":")
        is_page = request.method in {"GET", "HEAD"} and not request.path.endswith("z")
        if host == "localhost" and is_page:
            place = f"127.0.0.1:{port}" if port else "127.0.0.1"
            return HttpResponseRedirect(
                f"{request.scheme}://{place}{request.get_full_path()}"
            )
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
