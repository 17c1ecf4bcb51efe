"""Build the index of everyone's taste."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from matching.services import BuildRunning, index_rebuild


class Command(BaseCommand):
    help = "Build the index of everyone's taste and make it the current one."

    def handle(self, **_: Any) -> None:
        try:
            index = index_rebuild(now=timezone.now())
        except BuildRunning as error:
            raise CommandError("Another process builds the index right now.") from error
        except OSError as error:
            raise CommandError(
                f"The index cannot be written: {error}. The one before stays."
            ) from error
        self.stdout.write(f"The index holds {len(index)} people.")
