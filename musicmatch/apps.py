from django.apps import AppConfig


class MusicmatchConfig(AppConfig):
    name = "musicmatch"

    def ready(self) -> None:
        # Not in the package's __init__: the supervisor imports that, and needs no
        # Celery in its memory.
        from musicmatch import celery, checks  # noqa: F401
        from musicmatch.watching import errors, outside, stamps, work  # noqa: F401

        outside.count_calls()
        errors.start()
