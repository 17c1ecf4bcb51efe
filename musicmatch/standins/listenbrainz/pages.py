"""The page on which a person finds the token of their account."""

from collections.abc import Iterable
from html import escape

from musicmatch.standins.listenbrainz.accounts import Account
from musicmatch.standins.pages import notice, page

_SERVICE = "ListenBrainz"
_MADE_UP = "The people below are made up, and their tokens open nothing real."


def tokens_page(accounts: Iterable[Account]) -> str:
    """Everyone's name and token, to be copied."""
    rows = "".join(
        f'<dt data-account="{escape(account.name)}">{escape(account.name)}</dt>'
        f"<dd>{escape(account.kind)}</dd>"
        f"<dd>Token: <code>{account.token}</code></dd>\n"
        for account in accounts
    )
    content = f"{notice(_SERVICE, _MADE_UP)}\n<dl>\n{rows}</dl>"
    return page(_SERVICE, "User tokens", content)
