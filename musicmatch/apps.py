from django.apps import AppConfig


class MusicmatchConfig(AppConfig):
    name = "musicmatch"

    def ready(self) -> None:
        from musicmatch import checks  # noqa: F401
