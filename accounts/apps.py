from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # Their receivers date every session, and note what happens to accounts.
        from accounts import events, lifetime  # noqa: F401
