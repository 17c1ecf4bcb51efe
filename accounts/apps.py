from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # Its receivers date every session.
        from accounts import lifetime  # noqa: F401
