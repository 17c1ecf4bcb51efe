"""An upload from the files to the lists: whole, in parts, again, and broken off."""

import json
import os
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from ingest.models import (
    ImportRun,
    Listen,
    ListeningMonth,
    Source,
    SourceLink,
    TopArtist,
    TopTrack,
    UploadPart,
)
from ingest.services import (
    UploadBusy,
    export_receive,
    run_advance,
    source_disconnect,
    uploads_sweep,
)
from ingest.services.uploads import PART, upload_is_whole, uploaded_files, uploads_kept
from ingest.sources.export import unpack_month
from tests.ingest.conftest import Clock

Row = dict[str, Any]
_NAMES = ["Portishead", "Grouper", "Sade", "Burial", "Can", "Low"]


@pytest.fixture(autouse=True)
def _uploads(settings: Any, tmp_path: Path) -> None:
    settings.UPLOAD_DIR = tmp_path / "uploads"


def row(at: datetime, artist: str, track: str = "Roads", ms: int = 200_000) -> Row:
    return {
        "ts": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ms_played": ms,
        "ip_addr": "192.0.2.1",
        "master_metadata_track_name": track,
        "master_metadata_album_artist_name": artist,
        "spotify_track_uri": None,
        "skipped": False,
        "incognito_mode": False,
    }


def diary(now: datetime, *, days: int, every: int = 1) -> list[Row]:
    """One play a day, the first artists most often."""
    return [
        row(
            now - timedelta(days=back, hours=1),
            _NAMES[min(back * 7 % 11, back * 5 % 6)],
            f"Song {back % 9}",
        )
        for back in range(0, days, every)
    ]


def file(rows: list[Row], name: str = "Streaming_History_Audio_0.json") -> Any:
    return SimpleUploadedFile(name, json.dumps(rows).encode())


@pytest.fixture
def advance(
    clock: Clock, django_capture_on_commit_callbacks: Any
) -> Callable[[ImportRun], None]:
    """Carry a run on, with what follows once it is committed."""

    def advanced(run: ImportRun) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            run_advance(run_id=run.pk, clock=clock)
        run.refresh_from_db()

    return advanced


@pytest.fixture
def upload(
    clock: Clock, advance: Callable[[ImportRun], None]
) -> Callable[..., ImportRun]:
    def uploaded(person: User, *files: Any) -> ImportRun:
        run = export_receive(person_id=person.pk, files=files, now=clock())
        advance(run)
        return run

    return uploaded


def kept(person: User) -> dict[str, Any]:
    """Everything an upload left, artists and tracks by name."""
    return {
        "months": [
            (
                *(m.month, m.plays, m.first_at, m.last_at),
                sorted(unpack_month(m.artists).artists.items()),
            )
            for m in ListeningMonth.objects.filter(person=person).order_by("month")
        ],
        "listens": list(
            Listen.objects.filter(person=person)
            .order_by("listened_at", "track__name")
            .values_list("listened_at", "track__artist__name", "track__name")
        ),
        "artists": list(
            TopArtist.objects.filter(person=person)
            .order_by("time_range", "rank")
            .values_list("time_range", "rank", "artist__name")
        ),
        "tracks": list(
            TopTrack.objects.filter(person=person)
            .order_by("time_range", "rank")
            .values_list("time_range", "rank", "track__name")
        ),
    }


def test_a_history_becomes_months_listens_and_lists(
    ada: User, now: datetime, upload: Callable[..., ImportRun]
) -> None:
    rows = diary(now, days=800)
    run = upload(ada, file(rows))
    assert (run.state, run.reason, run.listens_count) == ("done", "", 800)
    assert run.notes == ["800 plays."]
    months = ListeningMonth.objects.filter(person=ada)
    assert sum(m.plays for m in months) == 800
    assert months.count() in {27, 28}
    listens = Listen.objects.filter(person=ada)
    assert listens.count() == 365
    assert listens.latest("listened_at").listened_at == now - timedelta(hours=1)
    assert set(
        TopArtist.objects.filter(person=ada).values_list("time_range", flat=True)
    ) == {"short_term", "medium_term", "long_term"}
    first = TopArtist.objects.get(person=ada, time_range="long_term", rank=1)
    assert first.artist.name == "Portishead"
    link = SourceLink.objects.get(person=ada, source=Source.EXPORT)
    assert (link.state, link.latest_import_at) == ("connected", now)
    assert not uploads_kept()


def test_the_same_again_and_parts_of_it_change_nothing(
    ada: User, now: datetime, upload: Callable[..., ImportRun]
) -> None:
    rows = diary(now, days=500)
    upload(ada, file(rows))
    once = kept(ada)
    upload(ada, file(rows))
    assert kept(ada) == once
    upload(ada, file(rows[100:230]))
    assert kept(ada) == once


def test_files_one_by_one_are_the_files_together(
    ada: User, ben: User, now: datetime, upload: Callable[..., ImportRun]
) -> None:
    rows = diary(now, days=600)
    parts = [rows[400:], rows[150:400], rows[:150]]
    upload(ada, *(file(part, f"endsong_{n}.json") for n, part in enumerate(parts)))
    for number, part in enumerate(parts):
        upload(ben, file(part, f"endsong_{number}.json"))
    assert kept(ada) == kept(ben)


def test_extended_history_takes_the_place_of_account_data(
    ada: User, ben: User, now: datetime, upload: Callable[..., ImportRun]
) -> None:
    rows = diary(now, days=300)
    account = [
        {
            "endTime": r["ts"][:16].replace("T", " "),
            "artistName": r["master_metadata_album_artist_name"],
            "trackName": r["master_metadata_track_name"],
            "msPlayed": r["ms_played"],
        }
        for r in rows
    ]
    upload(ada, file(account, "StreamingHistory_music_0.json"))
    assert not ListeningMonth.objects.filter(person=ada, is_exact=True).exists()
    upload(ada, file(rows))
    upload(ben, file(rows))
    assert kept(ada) == kept(ben)
    assert not ListeningMonth.objects.filter(person=ada, is_exact=False).exists()


def test_what_is_wrong_is_said_and_the_rest_is_read(
    ada: User, now: datetime, upload: Callable[..., ImportRun]
) -> None:
    bad = SimpleUploadedFile("photo.jpg", b"\xff\xd8 not an export")
    run = upload(ada, bad, file(diary(now, days=10)))
    assert run.state == "done"
    assert run.notes[0] == "10 plays."
    assert run.notes[1].startswith("photo.jpg is neither a ZIP archive nor a JSON")


def test_nothing_to_listen_to_changes_nothing_and_says_so(
    ada: User, now: datetime, upload: Callable[..., ImportRun]
) -> None:
    upload(ada, file(diary(now, days=40)))
    before = kept(ada)
    run = upload(ada, SimpleUploadedFile("notes.txt", b"Dear diary"))
    assert run.state == "done"
    assert run.reason == Source.EXPORT.door.words.nothing_yet
    assert kept(ada) == before


def test_one_upload_at_a_time(ada: User, now: datetime) -> None:
    export_receive(person_id=ada.pk, files=[file(diary(now, days=3))], now=now)
    with pytest.raises(UploadBusy):
        export_receive(person_id=ada.pk, files=[file(diary(now, days=3))], now=now)
    assert ImportRun.objects.filter(person=ada).count() == 1


def test_private_columns_are_kept_nowhere(
    ada: User, now: datetime, upload: Callable[..., ImportRun], caplog: Any
) -> None:
    run = upload(ada, file([*diary(now, days=20), {"ip_addr": "192.0.2.1", "ts": 7}]))
    assert "192.0.2" not in json.dumps([run.notes, run.staged, run.reason])
    assert "192.0.2" not in caplog.text


def test_a_turn_that_died_begins_anew(
    ada: User,
    now: datetime,
    clock: Clock,
    advance: Callable[[ImportRun], None],
    monkeypatch: Any,
) -> None:
    run = export_receive(person_id=ada.pk, files=[file(diary(now, days=90))], now=now)

    def die(**_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ingest.services.exports.tops_of_listens", die)
        with pytest.raises(KeyboardInterrupt):
            run_advance(run_id=run.pk, clock=clock)
    assert not ListeningMonth.objects.exists()
    assert uploads_kept() == {run.pk}
    assert run_advance(run_id=run.pk, clock=clock) is None
    run.refresh_from_db()
    assert run.state == "running"
    clock.move(seconds=31)
    advance(run)
    assert (run.state, run.listens_count) == ("done", 90)
    assert not uploads_kept()


def test_files_that_are_gone_are_said_in_the_end(
    ada: User, now: datetime, clock: Clock
) -> None:
    run = export_receive(person_id=ada.pk, files=[file(diary(now, days=9))], now=now)
    UploadPart.objects.all().delete()
    for _ in range(6):
        run_advance(run_id=run.pk, clock=clock)
        run.refresh_from_db()
        clock.now = max(clock.now, run.resume_at or clock.now)
    assert run.state == "failed"
    assert run.reason.startswith("The files you uploaded are no longer there")


def test_leaving_while_it_is_read_deletes_everything(
    ada: User, now: datetime, clock: Clock, upload: Callable[..., ImportRun]
) -> None:
    upload(ada, file(diary(now, days=60)))
    run = export_receive(person_id=ada.pk, files=[file(diary(now, days=60))], now=now)
    source_disconnect(person_id=ada.pk, source=Source.EXPORT, now=now)
    run_advance(run_id=run.pk, clock=clock)
    for model in (ImportRun, Listen, ListeningMonth, TopArtist, TopTrack, SourceLink):
        assert not model.objects.filter(person=ada).exists()


def test_orphaned_uploads_are_swept_and_waiting_ones_stay(
    ada: User, now: datetime
) -> None:
    run = export_receive(person_id=ada.pk, files=[file(diary(now, days=3))], now=now)
    part = UploadPart(run_id=uuid.uuid4(), file=0, place=0, data=b"[]", kept_at=now)
    part.save()
    assert uploads_sweep(now=now + timedelta(minutes=59)) == 0
    assert uploads_sweep(now=now + timedelta(hours=2)) == 1
    assert uploads_kept() == {run.pk}


def test_what_the_release_before_kept_is_read_and_forgotten(
    ada: User, now: datetime, settings: Any, advance: Callable[[ImportRun], None]
) -> None:
    """A folder beside the web, and no size in what the import says of its files."""
    run = export_receive(person_id=ada.pk, files=[file(diary(now, days=3))], now=now)
    [part] = UploadPart.objects.all()
    folder = settings.UPLOAD_DIR / str(run.pk)
    folder.mkdir(parents=True)
    (folder / "0").write_bytes(bytes(part.data))
    part.delete()
    run.staged = {"files": [["a.json", "0"]]}
    run.save()
    old = folder.with_name(str(uuid.uuid4()))
    old.mkdir()
    long_ago = (now - timedelta(hours=2)).timestamp()
    for path in (old, folder):
        os.utime(path, (long_ago, long_ago))
    assert uploads_sweep(now=now) == 1
    assert not old.exists()
    advance(run)
    assert (run.state, run.listens_count) == ("done", 3)
    assert not folder.exists()


def test_files_go_in_and_out_by_the_megabyte(ada: User, now: datetime) -> None:
    """Read from anywhere they are what was uploaded; a part short is not whole."""
    data = os.urandom(2 * PART + 12_345)
    run = export_receive(
        person_id=ada.pk, files=[SimpleUploadedFile("a.zip", data), file([])], now=now
    )
    sizes = [len(part.data) for part in UploadPart.objects.filter(file=0)]
    assert sizes == [PART, PART, 12_345]
    (name, kept), _ = uploaded_files(run)
    assert name == "a.zip"
    for start, size in ((0, 10), (PART - 3, 7), (2 * PART, -1), (5, 2 * PART)):
        kept.seek(start)
        assert kept.read(size) == data[start:][: size if size >= 0 else None]
    kept.seek(-5, os.SEEK_END)
    assert kept.read() == data[-5:]
    UploadPart.objects.filter(place=1).delete()
    assert not upload_is_whole(run)
    kept.seek(PART)
    with pytest.raises(FileNotFoundError):
        kept.read(1)
