"""A process that can be killed while it reads an upload.

python -m tests.ingest.export_worker receive|advance|advance_visibly [FILE or SECONDS]
"""

import json
import sys
from datetime import timedelta
from pathlib import Path
from unittest import mock


def main(command: str, argument: str = "") -> None:
    import django

    django.setup()
    commands = {
        "receive": receive,
        "advance": advance,
        "advance_visibly": advance_visibly,
    }
    commands[command](argument)


def receive(path: str) -> None:
    from django.core.files.base import File
    from django.core.management import call_command
    from django.utils import timezone

    from accounts.models import User
    from ingest import tasks
    from ingest.services import export_receive

    call_command("migrate", verbosity=0)
    person = User.objects.create_user("killed")
    quiet = mock.patch.object(tasks.advance_run_task, "apply_async")
    with quiet, Path(path).open("rb") as file:
        named = File(file, name="my_spotify_data.zip")
        export_receive(person_id=person.pk, files=[named], now=timezone.now())


def advance(later: str) -> None:
    """Carry the only run on, by a clock some seconds ahead; say what is kept."""
    from django.utils import timezone

    from ingest.models import ImportRun
    from ingest.services import run_advance

    run = ImportRun.objects.get()
    ahead = timedelta(seconds=float(later or 0))
    run_advance(run_id=run.pk, clock=lambda: timezone.now() + ahead)
    kept()


def advance_visibly(later: str) -> None:
    """Note every bit of progress: on a quick machine a second is the whole import."""
    from ingest.services import exports

    with mock.patch.object(exports, "_SAVE_EVERY", timedelta(0)):
        advance(later)


def kept() -> None:
    from ingest.models import ImportRun, Listen, ListeningMonth, TopArtist
    from ingest.services.uploads import uploads_kept

    run = ImportRun.objects.get()
    state = {
        "state": run.state,
        "notes": run.notes,
        "attempts": run.attempts,
        "months": [
            [str(m.month), m.plays, bytes(m.artists).hex()]
            for m in ListeningMonth.objects.order_by("month")
        ],
        "listens": Listen.objects.count(),
        "artists": [
            list(row)
            for row in TopArtist.objects.order_by("time_range", "rank").values_list(
                "time_range", "rank", "artist__name"
            )
        ],
        "uploads": len(uploads_kept()),
    }
    sys.stdout.write(json.dumps(state))


if __name__ == "__main__":
    main(*sys.argv[1:])
