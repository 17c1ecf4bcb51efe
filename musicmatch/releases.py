"""Static files another release names, while both are up or a page is still open."""

import mimetypes
import re
from collections.abc import Callable
from posixpath import splitext

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase

_SAFE = {"GET", "HEAD"}
# A name as the storage makes it: twelve figures of a digest before the ending.
_HASHED = re.compile(r"(?P<stem>.+)\.[0-9a-f]{12}(?P<ending>\.[^./]+)?")


class OtherReleaseMiddleware:
    """Answer for a static file of another release with the one of this release.

    Machines are brought to a release one after the other, and pages stay open: each
    asks for files by the digests it knows, of whichever machine the proxy picks. What
    is there is answered before; of any other digest the same file as it is here comes,
    and nobody keeps it under that name.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        prefix = settings.STATIC_URL
        if request.method in _SAFE and request.path.startswith(prefix):
            name = _name_here(request.path.removeprefix(prefix))
            if name is not None:
                return _answer(name)
        return self.get_response(request)


def _name_here(asked: str) -> str | None:
    """What a file is called here whose name has another digest; None for no file."""
    found = _HASHED.fullmatch(asked)
    hashed: dict[str, str] = getattr(staticfiles_storage, "hashed_files", {})
    if found is None:
        return None
    stem, ending = found["stem"], found["ending"] or ""
    # Only a name without an ending has its digest last.
    return hashed.get(stem + ending) if ending or not splitext(stem)[1] else None


def _answer(name: str) -> HttpResponse:
    kind, _ = mimetypes.guess_type(name)
    with staticfiles_storage.open(name) as file:
        content = file.read()
    response = HttpResponse(content, content_type=kind or "application/octet-stream")
    response.headers["Cache-Control"] = "no-store"
    return response
