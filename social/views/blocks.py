"""Not wanting to meet someone, and taking that back."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.http import PersonRequest, joined_required
from social import services
from social.models import Block
from social.visibility import get_person_or_404


@require_http_methods(["GET", "HEAD", "POST"])
@joined_required
def block_create(request: PersonRequest, handle: str) -> HttpResponse:
    found = get_person_or_404(request.user, handle)
    if found.pk == request.user.pk:
        raise Http404
    if request.method != "POST":
        return render(request, "social/block_confirm.html", {"person": found})
    try:
        services.block_create(blocker=request.user, blocked=found, now=timezone.now())
    except services.NoSuchPerson as error:
        raise Http404 from error
    messages.success(
        request, f"{found.shown_name} is blocked: you no longer see each other."
    )
    return redirect("social:blocked")


@login_required
@require_POST
def block_remove(request: PersonRequest, handle: str) -> HttpResponse:
    # Not through visibility: the person is hidden exactly because of this block.
    block = Block.objects.made_by(request.user.pk).called(handle).first()
    if block is None:
        raise Http404
    services.block_remove(blocker=request.user, blocked=block.blocked)
    messages.success(request, f"{block.known_name} is no longer blocked.")
    return redirect("social:blocked")


@login_required
@require_safe
def blocked(request: PersonRequest) -> HttpResponse:
    blocks = Block.objects.made_by(request.user.pk)
    return render(request, "social/blocked.html", {"blocks": blocks})
