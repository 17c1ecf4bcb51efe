"""The allauth provider: whom Spotify's answer is about."""

from typing import Any

from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.spotify.provider import SpotifyOAuth2Provider
from django.http import HttpRequest

from accounts.spotify.errors import Refusal, SignInRefused
from accounts.spotify.views import SpotifyAdapter

_KEPT = ("account_id", "id", "display_name")


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


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
        uid = _text(data.get("account_id")) or _text(data.get("id"))
        if not uid:
            raise SignInRefused(Refusal.UNAVAILABLE, "the profile has no id")
        return uid

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        return {key: data[key] for key in _KEPT if isinstance(data.get(key), str)}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, str]:
        # An e-mail from Spotify is unverified, and not ours to use.
        return {"name": _text(data.get("display_name"))}

    def sociallogin_from_response(
        self, request: HttpRequest, response: dict[str, Any]
    ) -> Any:
        self._rekey(response)
        return super().sociallogin_from_response(request, response)

    def _rekey(self, data: dict[str, Any]) -> None:
        """Move someone known by their old ``id`` to their ``account_id``."""
        new, old = _text(data.get("account_id")), _text(data.get("id"))
        if not new or not old or new == old:
            return
        accounts = SocialAccount.objects.filter(provider=self.id)
        if not accounts.filter(uid=new).exists():
            accounts.filter(uid=old).update(uid=new)


provider_classes = [SpotifyProvider]
