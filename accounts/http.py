"""The requests of people who signed in, and who joined."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django_htmx.middleware import HtmxDetails

from accounts.models import User

_Given = ParamSpec("_Given")


class PersonRequest(HttpRequest):
    user: User
    htmx: HtmxDetails


def joined_required(
    view: Callable[Concatenate[PersonRequest, _Given], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, _Given], HttpResponseBase]:
    """Let in people who joined matching; others sign in, or join, first."""

    @login_required
    @wraps(view)
    def guarded(
        request: PersonRequest, *args: _Given.args, **kwargs: _Given.kwargs
    ) -> HttpResponseBase:
        if request.user.joined_at is None:
            return redirect("matching:welcome")
        return view(request, *args, **kwargs)

    return cast(Callable[Concatenate[HttpRequest, _Given], HttpResponseBase], guarded)
