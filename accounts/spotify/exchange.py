"""One account at Spotify for one person: another one takes the place of the former."""

from datetime import datetime

from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from accounts.models import SpotifyGrant
from accounts.signals import spotify_account_changed


class AccountLost(Exception):
    """Another account was connected at the same moment, and that one stays."""


@transaction.atomic
def account_settle(*, account: SocialAccount, is_new: bool, now: datetime) -> bool:
    """Leave a person this account alone, which they have just connected.

    ``is_new``: it was not theirs before. What came by another account is deleted, its
    tokens first, for two would mix two tastes. Returns whether there was anything.
    Raises :class:`AccountLost`.
    """
    mine = SocialAccount.objects.filter(
        user_id=account.user_id, provider=account.provider
    )
    # In one order: of two at the same moment one finds itself gone.
    rows = {row.pk: row for row in mine.select_for_update().order_by("pk")}
    if rows.pop(account.pk, None) is None:
        raise AccountLost
    same = [_is_same(account, other) for other in rows.values()]
    mine.filter(pk__in=rows).delete()
    if all(same) and (same or not is_new):
        return False
    grants = SpotifyGrant.objects.filter(person_id=account.user_id)
    deleted, _ = grants.delete()
    told = spotify_account_changed.send(
        sender=SocialAccount, person_id=account.user_id, now=now
    )
    return bool(deleted or rows) or any(kept for _, kept in told)


def _is_same(one: SocialAccount, other: SocialAccount) -> bool:
    """Whether two rows are one account, which Spotify called by another of its ids."""
    for key in ("account_id", "id"):
        if one.extra_data.get(key) and other.extra_data.get(key):
            return bool(one.extra_data[key] == other.extra_data[key])
    return False
