"""What the site holds of a person, to hand over: files of rows, and their account.

Each app has a module of this name with ``parts_of(person)``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount

from accounts.models import Section, SpotifyGrant, User

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Part:
    """One file: what it is called, what it holds in words, and what is in it.

    ``rows`` is one mapping, or many, which are read while they are written.
    """

    name: str
    about: str
    rows: Row | Iterable[Row]


def parts_of(person: User) -> Iterator[Part]:
    """Return profile, privacy and ways to sign in. No password and no token."""
    yield Part(
        "profile.json",
        "What you say about yourself, and when you came.",
        _profile(person),
    )
    yield Part(
        "privacy.json",
        "Who finds you, who is shown what, and what moderators limited.",
        _privacy(person),
    )
    yield Part(
        "sign_in.json",
        "How you sign in: your user name, e-mail addresses, accounts at other"
        " services and what they let this site read. No passwords, no keys.",
        _sign_in(person),
    )


def _profile(person: User) -> Row:
    return {
        "id": person.public_id,
        "handle": person.handle,
        "display_name": person.display_name,
        "country": person.country.code,
        "bio": person.bio,
        "time_zone": person.time_zone,
        "signed_up_at": person.date_joined,
        "joined_at": person.joined_at,
        "last_active_at": person.last_active_at,
    }


def _privacy(person: User) -> Row:
    return {
        "is_hidden": person.is_hidden,
        "paused_at": person.paused_at,
        "shows_artists": person.shows_artists,
        "shown_to": {section.value: person.audience_of(section) for section in Section},
        "suspended_until": person.suspended_until,
        "limited_until": person.limited_until,
    }


def _sign_in(person: User) -> Row:
    addresses = EmailAddress.objects.filter(user=person).order_by("pk")
    accounts = SocialAccount.objects.filter(user=person).order_by("pk")
    grants = SpotifyGrant.objects.filter(person=person)
    # Not the tokens: who has the file could use them.
    permissions = ("scopes", "state", "authorized_at", "expires_at", "refreshed_at")
    return {
        "username": person.username,
        "has_password": person.has_usable_password(),
        "last_login_at": person.last_login,
        "email": person.email,
        "email_addresses": list(addresses.values("email", "verified", "primary")),
        "accounts": list(
            accounts.values(
                "provider", "uid", "extra_data", "date_joined", "last_login"
            )
        ),
        "spotify_permission": grants.values(*permissions).first(),
    }
