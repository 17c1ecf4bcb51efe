"""The pages a person sees: the consent page and the page for a broken request."""

from collections.abc import Iterable, Mapping
from html import escape

from musicmatch.standins.pages import Choice, choices_form, notice, page
from musicmatch.standins.spotify.listeners import Listener

_SERVICE = "Spotify"
_MADE_UP = (
    "The people below are made up. No real account is used and nothing leaves this"
    " computer."
)
_SENT_NOWHERE = (
    "The app that sent you here asked in a way that Spotify would refuse, so you were"
    " not sent back to it."
)


def consent_page(
    listeners: Iterable[Listener], scopes: Iterable[str], query: Mapping[str, str]
) -> str:
    """One button per listener and one to cancel; ``query`` comes back with the form.

    ``scopes`` are sentences that say what is asked for.
    """
    asked = "".join(f"<li>{escape(scope)}</li>" for scope in scopes)
    choices = (
        Choice(listener.key, listener.display_name or listener.id, listener.kind)
        for listener in listeners
    )
    content = f"""
{notice(_SERVICE, _MADE_UP)}
<p>Musicmatch asks for:</p>
<ul>{asked or "<li>your public profile</li>"}</ul>
{choices_form("/authorize", choices, query)}"""
    return page(_SERVICE, "Choose who signs in", content)


def error_page(code: str, reason: str) -> str:
    """The stand-in's own page for a request that may not be sent back to the app."""
    return page(_SERVICE, f"{code}: {reason}", notice(_SERVICE, _SENT_NOWHERE))
