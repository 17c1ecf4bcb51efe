from django.apps import AppConfig


class AccountsSpotifyConfig(AppConfig):
    """Signing in with Spotify: an allauth provider of our own, and its tokens."""

    name = "accounts.spotify"
    label = "accounts_spotify"

    def ready(self) -> None:
        from accounts.spotify import receivers  # noqa: F401
