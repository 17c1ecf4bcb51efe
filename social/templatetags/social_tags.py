"""What a page about one person shows of how the viewer stands with them."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.template import RequestContext
from django.urls import reverse

from accounts.models import User
from social.standing import Standing, standing_of

register = template.Library()


@register.simple_tag(takes_context=True)
def standing_with(context: RequestContext, person: User) -> Standing:
    """Return how the viewer stands with a person, in one query.

    Those who look at their own page as others do, ``seen_as`` whom, stand as these.
    """
    seen_as = context.get("seen_as")
    if seen_as:
        return Standing("accepted" if seen_as == "connection" else "")
    return standing_of(context["user"], person)


@register.inclusion_tag("social/_connection_actions.html", takes_context=True)
def connection_actions(context: RequestContext, person: User) -> dict[str, Any]:
    """Show the one thing to do next: ask, answer, write, or wait."""
    return {"person": person, "standing": standing_with(context, person)}


@register.simple_tag
def talk_url(
    standing: Standing, person: User, kind: str, name: str, artist: str = ""
) -> str:
    """Return where to ask or write with a piece of music in place.

    "" where the next word is not the viewer's: asked already, or asked by them.
    """
    views = {"": "social:connection_request", "accepted": "social:thread"}
    if standing.state not in views:
        return ""
    card = {"kind": kind, "name": name, "artist": artist}
    query = urlencode({part: value for part, value in card.items() if value})
    return f"{reverse(views[standing.state], args=[person.handle])}?{query}"
