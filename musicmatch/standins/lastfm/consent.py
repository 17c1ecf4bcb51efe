"""``/api/auth/``: the page where a person lets the site see that they are they."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from musicmatch.standins.lastfm.accounts import all_accounts
from musicmatch.standins.pages import Choice, choices_form, notice, page
from musicmatch.standins.wire import (
    Answer,
    Refused,
    Request,
    html_answer,
    redirect_answer,
    with_query,
)

if TYPE_CHECKING:
    from musicmatch.standins.lastfm.server import LastfmStandin

_SERVICE = "Last.fm"
_CHOICES = ("listener", "cancel")
_MADE_UP = (
    "The people below are made up. No real account is used and nothing leaves this"
    " computer."
)
_SENT_NOWHERE = "You were not sent back to the site that sent you here."


def authorize(standin: "LastfmStandin", request: Request) -> Answer:
    """The page, and what follows the choice made on it.

    The choice comes from the page's form or as ``listener=<name>`` or ``cancel=1``
    in the query. There is no ``state``: the address to go back to is used as it is.
    """
    asked = dict(request.form if request.method == "POST" else request.query)
    choice = {name: asked.pop(name) for name in _CHOICES if name in asked}
    _check_app(standin, asked)
    back = asked["cb"]
    if "cancel" in choice:
        return redirect_answer(back)
    name = choice.get("listener", "").casefold()
    if name in all_accounts():
        return redirect_answer(with_query(back, {"token": standin.token(name)}))
    choices = (
        Choice(account.name, account.name, account.kind)
        for account in all_accounts().values()
    )
    content = f"""
{notice(_SERVICE, _MADE_UP)}
<p>Musicmatch asks to connect with your profile. Allow it as:</p>
{choices_form("/api/auth/", choices, asked, cancel="Go back without allowing it")}"""
    return html_answer(page(_SERVICE, "Connect an application", content))


def _check_app(standin: "LastfmStandin", asked: Mapping[str, str]) -> None:
    """Raise ``Refused`` with the service's own page; nobody is sent back."""
    if asked.get("api_key") != standin.api_key:
        raise Refused(_error_page("Invalid API key"))
    parts = urlsplit(asked.get("cb", ""))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused(_error_page("Invalid callback address"))


def _error_page(title: str) -> Answer:
    content = notice(_SERVICE, _SENT_NOWHERE)
    return html_answer(page(_SERVICE, title, content), status=400)
