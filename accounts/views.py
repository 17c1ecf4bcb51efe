"""Pages about one's own account."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import services
from accounts.forms import ProfileForm
from accounts.http import PersonRequest
from accounts.models import User


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile_edit(request: PersonRequest) -> HttpResponse:
    # A copy: a form that fails leaves the names in the header as they were.
    person = User.objects.get(pk=request.user.pk)
    form = ProfileForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        services.profile_update(person=form.instance)
        messages.success(request, "Your profile is saved.")
        return redirect("accounts:profile_edit")
    return render(request, "accounts/profile_edit.html", {"form": form})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def privacy_edit(request: PersonRequest) -> HttpResponse:
    if request.method == "POST":
        now = timezone.now()
        if request.POST.get("action") == "pause":
            services.matching_pause(person=request.user, now=now)
            messages.success(request, "You are paused: nobody finds you here.")
        else:
            services.matching_resume(person=request.user, now=now)
            messages.success(request, "You are back: people can find you again.")
        return redirect("accounts:privacy_edit")
    return render(request, "accounts/privacy_edit.html", {})
