"""The page of one person."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import PersonRequest, joined_required
from accounts.models import Section, User
from social.showing import are_connected, opens, shown_sections, stand_in
from social.visibility import get_person_or_404, is_there_for

# As whom people may look at their own page, and whether that one is connected.
_LOOKERS = {"stranger": False, "connection": True}
_ON_A_PROFILE = (Section.COUNTRY, Section.ARTISTS, Section.ACTIVITY)


@require_safe
@joined_required
def person(request: PersonRequest, handle: str) -> HttpResponse:
    found = get_person_or_404(request.user, handle)
    seen_as = request.GET.get("as", "")
    if found.pk == request.user.pk and seen_as in _LOOKERS:
        connected = _LOOKERS[seen_as]
        context = _seen(found, stand_in(), connected=connected)
        is_there = is_there_for(found, connected=connected)
        context |= {"seen_as": seen_as, "is_there": is_there}
    else:
        connected = are_connected(request.user, found)
        context = _seen(found, request.user, connected=connected)
    return render(request, "social/person.html", context)


def _seen(person: User, viewer: User, *, connected: bool) -> dict[str, Any]:
    keeps = [s for s in _ON_A_PROFILE if not opens(viewer, s, connected=connected)]
    return {
        "person": person,
        "viewer": viewer,
        "is_self": person.pk == viewer.pk,
        "viewer_keeps": bool(keeps),
        "is_there": True,
        "shown": shown_sections(person, to=viewer, connected=connected),
    }
