"""Pages about one's own account."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import invitations, lifetime, services
from accounts.again import asked_again
from accounts.forms import PrivacyForm, ProfileForm
from accounts.http import PersonRequest
from accounts.models import User


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile_edit(request: PersonRequest) -> HttpResponse:
    # A copy: a form that fails leaves the names in the header as they were.
    person = User.objects.get(pk=request.user.pk)
    form = ProfileForm(request.POST or None, instance=person)
    if form.is_valid() and _profile_is_saved(form):
        messages.success(request, "Your profile is saved.")
        return redirect("accounts:profile_edit")
    return render(request, "accounts/profile_edit.html", {"form": form})


def _profile_is_saved(form: ProfileForm) -> bool:
    try:
        services.profile_update(person=form.instance, now=timezone.now())
    except ValidationError as error:
        form.add_error(None, error)
    return form.is_valid()


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def privacy_edit(request: PersonRequest) -> HttpResponse:
    saves = request.POST.get("action") == "save"
    form = PrivacyForm(request.POST if saves else None, person=request.user)
    if request.method != "POST" or (saves and not form.is_valid()):
        return render(request, "accounts/privacy_edit.html", {"form": form})
    if saves:
        return _privacy_saved(request, form)
    try:
        words = _change_privacy(request.user, request.POST.get("action"))
    except services.NotJoined:
        return redirect("matching:welcome")
    messages.success(request, words)
    return redirect("accounts:privacy_edit")


def _privacy_saved(request: PersonRequest, form: PrivacyForm) -> HttpResponse:
    services.privacy_update(
        person=request.user,
        is_hidden=form.cleaned_data["is_hidden"],
        audiences=form.audiences,
        now=timezone.now(),
    )
    messages.success(request, "Who finds you and who sees what is saved.")
    return redirect("accounts:privacy_edit")


def _change_privacy(person: User, action: str | None) -> str:
    now = timezone.now()
    if action == "pause":
        services.matching_pause(person=person, now=now)
        return "You are paused: nobody finds you here."
    if action == "resume":
        services.matching_resume(person=person, now=now)
        return "You are back: people can find you again."
    if action == "show_artists":
        services.artists_show(person=person)
        return "People who look for one of your artists find you there now."
    if action == "hide_artists":
        services.artists_hide(person=person)
        return "Nobody finds you by an artist any more."
    raise BadRequest("no such action")


@login_required
@require_POST
@asked_again
def sessions_end(request: PersonRequest) -> HttpResponse:
    lifetime.others_end(request, request.user, now=timezone.now())
    messages.success(request, "You are signed out everywhere but here.")
    return redirect("account_change_password")


@require_safe
@never_cache
def invited(request: HttpRequest, token: str) -> HttpResponse:
    """Where an invitation leads: to the sign-up, without the token in its address."""
    if request.user.is_authenticated:
        return redirect("home")
    is_good = invitations.remember(request, token, now=timezone.now())
    if settings.REGISTRATION == "invite" and not is_good:
        return invitations.over_page(request)
    return redirect("account_signup")
