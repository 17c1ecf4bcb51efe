"""Say which new migrations the release before cannot live with."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from musicmatch.deploying import compatibility


class Command(BaseCommand):
    help = (
        "Say which migrations since the release before would break its web and worker,"
        " or keep everybody waiting for a lock. Ends with 1 when there are any."
    )

    def handle(self, **_: Any) -> None:
        found = compatibility.remarks()
        if found:
            raise CommandError("\n".join(map(str, found)))
        self.stdout.write(
            f"The code of {compatibility.former_revision()} works with every migration."
        )
