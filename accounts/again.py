"""Asking who it is once more, before a step that could take an account away."""

from collections.abc import Callable
from functools import wraps

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts import lifetime
from accounts.http import PersonRequest

_View = Callable[..., HttpResponseBase]


def asked_again(view: _View) -> _View:
    """Let a POST pass within minutes of signing in, or of a password typed again.

    allauth then asks for the password, and goes on with what was sent. Whoever has
    none signs in once more.
    """

    @wraps(view)
    def guarded(
        request: PersonRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        is_free = request.method != "POST" or not request.user.is_authenticated
        if is_free or is_known(request):
            return view(request, *args, **kwargs)
        if request.user.has_usable_password():
            raise ReauthenticationRequired
        logout(request)
        messages.info(request, "Sign in once more for this step: it can be yours only.")
        return redirect_to_login(request.path)

    return guarded


def is_known(request: PersonRequest) -> bool:
    """Whether this session proved lately whose it is."""
    if lifetime.is_new(request, now=timezone.now()):
        return True
    has_password = request.user.has_usable_password()
    return has_password and bool(did_recently_reauthenticate(request))
