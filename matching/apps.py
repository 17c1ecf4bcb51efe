from django.apps import AppConfig


class MatchingConfig(AppConfig):
    name = "matching"

    def ready(self) -> None:
        from matching import affinity, receivers  # noqa: F401
        from social.affinity import provide

        provide(affinity)
