"""An import of uploaded files: read as a stream, then all of it written at once."""

import logging
from datetime import timedelta

from django.db import IntegrityError, OperationalError, transaction

from ingest.models import ImportRun, SourceLink
from ingest.services import words
from ingest.services.months import months_merge, tops_of_listens
from ingest.services.turns import RunLost, Turn
from ingest.services.uploads import upload_forget, uploaded_files
from ingest.signals import listening_changed
from ingest.sources.export import History, Upload, in_words, open_upload

logger = logging.getLogger(__name__)

_SAVE_EVERY = timedelta(seconds=1)
_MOST_NOTES = 20


class ExportTurn(Turn):
    """One worker's turn at an upload. A turn that dies begins anew; it writes last."""

    def work(self, link: SourceLink) -> float | None:
        self._saved_at = self.clock()
        try:
            with self._opened() as upload:
                history = History(now=self.clock())
                upload.read_into(history, on_progress=self._on_progress(upload))
                self._say(upload, history)
            self._write(link, history)
        except OSError:
            logger.exception("The files of import %s cannot be read.", self.run.pk)
            return self.try_again(words.FILES_GONE, words.FILES_GONE)
        except (IntegrityError, OperationalError):
            logger.warning(
                "Import %s could not be written.", self.run.pk, exc_info=True
            )
            return self.try_again(words.NOT_WRITTEN, words.BROKE_OFF)
        return None

    def fail(self, reason: str) -> None:
        super().fail(reason)
        upload_forget(self.run.pk)

    # --- Reading ----------------------------------------------------------

    def _opened(self) -> Upload:
        return open_upload(uploaded_files(self.run), now=self.clock())

    def _on_progress(self, upload: Upload) -> "_Progress":
        return _Progress(self, upload)

    def note_progress(self, done: int, total: int, plays: int) -> None:
        """Show how far it is, once a second: that keeps the lease, too."""
        now = self.clock()
        if now - self._saved_at < _SAVE_EVERY:
            return
        self._saved_at = now
        self.run.done_steps = min(99, 100 * done // max(1, total))
        self.run.listens_count = plays
        self.is_dirty = True
        self.save_progress()

    def _say(self, upload: Upload, history: History) -> None:
        left_out = upload.left_out + history.left_out
        self.run.listens_count = history.plays
        self.run.notes = [
            f"{in_words(history.plays, left_out)}.",
            *map(str, upload.problems[:_MOST_NOTES]),
        ]
        self.run.stage_label = "Putting it in its place"
        self.run.done_steps = 99
        self.is_dirty = True
        self.save_progress()

    # --- Writing ----------------------------------------------------------

    @transaction.atomic
    def _write(self, link: SourceLink, history: History) -> None:
        now, run = self.clock(), self.run
        news: dict[str, object] = {
            "state": SourceLink.State.CONNECTED,
            "reason": "",
            "latest_import_at": now,
        }
        # First, as a disconnect does: see `fetching`.
        if not SourceLink.objects.filter(pk=link.pk).update(**news):
            raise RunLost
        months_merge(
            person_id=run.person_id, source=self.source, history=history, now=now
        )
        artists, tracks = tops_of_listens(
            person_id=run.person_id, source=self.source, now=now
        )
        listening_changed.send(sender=SourceLink, person_id=run.person_id, now=now)
        nothing = self.source.door.words.nothing_yet
        self.update(
            state=ImportRun.State.DONE,
            stage_label="Done",
            reason="" if history.plays else nothing,
            finished_at=now,
            done_steps=100,
            artists_count=artists,
            tracks_count=tracks,
            genres_count=self.genres_known(),
            staged={},
            lease_until=None,
        )
        transaction.on_commit(lambda: upload_forget(run.pk), robust=True)


class _Progress:
    """Tells a turn how many bytes were read."""

    def __init__(self, turn: ExportTurn, upload: Upload) -> None:
        self.turn = turn
        self.upload = upload

    def __call__(self, done: int, total: int) -> None:
        self.turn.note_progress(done, total, self.upload.found)
