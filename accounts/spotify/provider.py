"""The allauth provider: whom Spotify's answer is about."""

from typing import Any

from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.spotify.provider import SpotifyOAuth2Provider
from django.db import transaction
from django.db.utils import IntegrityError
from django.http import HttpRequest

from accounts.spotify.errors import Refusal, SignInRefused
from accounts.spotify.views import SpotifyAdapter
from accounts.text import clean_line

_IDS = ("account_id", "id")
_LONGEST_ID = 191


def _id(value: Any) -> str:
    """Return an id that can be stored, "" for anything else."""
    text = value.strip() if isinstance(value, str) else ""
    return text if text.isprintable() and len(text) <= _LONGEST_ID else ""


def _name(value: Any) -> str:
    return clean_line(value) if isinstance(value, str) else ""


class SpotifyAccount(ProviderAccount):
    def get_avatar_url(self) -> None:
        """No pictures are kept."""


class SpotifyProvider(SpotifyOAuth2Provider):
    """Keys people on ``account_id``, which Spotify calls stable, before ``id``."""

    id = "spotify"
    name = "Spotify"
    package = "accounts.spotify"
    account_class = SpotifyAccount
    oauth2_adapter_class = SpotifyAdapter
    pkce_enabled_default = True

    def extract_uid(self, data: dict[str, Any]) -> str:
        uid = _id(data.get("account_id")) or _id(data.get("id"))
        if not uid:
            raise SignInRefused(Refusal.UNAVAILABLE, "the profile has no id")
        return uid

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        ids = {key: _id(data.get(key)) for key in _IDS}
        kept = ids | {"display_name": _name(data.get("display_name"))}
        return {key: value for key, value in kept.items() if value}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, str]:
        # An e-mail from Spotify is unverified, and not ours to use.
        return {"name": _name(data.get("display_name"))}

    def sociallogin_from_response(
        self, request: HttpRequest, response: dict[str, Any]
    ) -> Any:
        self._rekey(response)
        return super().sociallogin_from_response(request, response)

    def _rekey(self, data: dict[str, Any]) -> None:
        """Move someone known by their old ``id`` to their ``account_id``.

        Someone else's ``account_id`` may read like this ``id``: it is left alone.
        """
        new, old = _id(data.get("account_id")), _id(data.get("id"))
        accounts = SocialAccount.objects.filter(provider=self.id)
        if not new or not old or accounts.filter(uid=new).exists():
            return
        known_by_id = accounts.filter(uid=old).exclude(extra_data__has_key="account_id")
        try:
            with transaction.atomic():
                known_by_id.update(uid=new)
        except IntegrityError as error:
            # The same person came back twice at once, and the other was first.
            raise SignInRefused(Refusal.STATE, "signed in twice at once") from error


provider_classes = [SpotifyProvider]
