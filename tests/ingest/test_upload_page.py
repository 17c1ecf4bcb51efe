"""The page that takes an export: success beside every refusal."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from ingest.models import ImportRun, ListeningMonth, SourceLink, UploadPart

PAGE = "/sources/upload/"


@pytest.fixture(autouse=True)
def _uploads(settings: Any, tmp_path: Path) -> None:
    settings.UPLOAD_DIR = tmp_path / "uploads"


@pytest.fixture
def mine(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def history(now: datetime, plays: int) -> SimpleUploadedFile:
    rows = [
        {
            "endTime": (now - timedelta(hours=n)).strftime("%Y-%m-%d %H:%M"),
            "artistName": "Grouper",
            "trackName": f"Song {n}",
            "msPlayed": 200_000,
        }
        for n in range(plays)
    ]
    name = "StreamingHistory_music_0.json"
    return SimpleUploadedFile(name, json.dumps(rows).encode())


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_session_is_needed(client: Client, db: None, method: str) -> None:
    answer = getattr(client, method)(PAGE)
    assert answer["Location"] == f"/accounts/login/?next={PAGE}"


def test_it_says_what_is_read_and_what_never_is(mine: Client) -> None:
    text = mine.get(PAGE).content.decode()
    assert 'enctype="multipart/form-data"' in text
    assert "Extended streaming history" in text
    assert "Never where you were" in text
    assert "300 MB packed and 1.5 GB unpacked" in text


def test_an_upload_leads_to_its_import(
    mine: Client, ada: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = mine.post(PAGE, {"export": [history(now, 30), history(now, 30)]})
    run = ImportRun.objects.get(person=ada)
    assert answer["Location"] == f"/sources/runs/{run.pk}/"
    page = mine.get(answer["Location"]).content.decode()
    assert 'data-run-state="done"' in page
    assert "30 plays; left out: 30 that were there twice." in page
    assert ListeningMonth.objects.filter(person=ada).exists()


@pytest.mark.parametrize("files", [{}, {"export": ""}])
def test_nothing_chosen_is_said_in_words(
    mine: Client, ada: User, files: dict[str, str]
) -> None:
    text = mine.post(PAGE, files).content.decode()
    assert "Choose the ZIP that Spotify sent you" in text
    assert not SourceLink.objects.filter(person=ada).exists()


def test_too_much_at_once_is_refused_and_not_kept(
    mine: Client, now: datetime, monkeypatch: Any
) -> None:
    from ingest.sources.export import Limits

    monkeypatch.setattr("ingest.uploading.LIMITS", Limits(packed=1000))
    text = mine.post(PAGE, {"export": [history(now, 30)]}).content.decode()
    assert "An upload may hold" in text
    assert not UploadPart.objects.exists()


def test_a_second_one_waits_for_the_first(
    mine: Client, ada: User, now: datetime
) -> None:
    mine.post(PAGE, {"export": [history(now, 3)]})
    text = mine.post(PAGE, {"export": [history(now, 3)]}).content.decode()
    assert "The files you uploaded before are still being read." in text
    assert ImportRun.objects.filter(person=ada).count() == 1


def test_five_a_day(
    mine: Client, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    for _ in range(5):
        with django_capture_on_commit_callbacks(execute=True):
            assert mine.post(PAGE, {"export": [history(now, 3)]}).status_code == 302
    answer = mine.post(PAGE, {"export": [history(now, 3)]})
    assert answer.status_code == 429
    assert "five times a day" in answer.content.decode()


def test_a_lying_name_is_read_by_its_content(
    mine: Client, ada: User, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    file = history(now, 25)
    file.name = "holiday.zip"
    with django_capture_on_commit_callbacks(execute=True):
        mine.post(PAGE, {"export": [file]})
    assert ImportRun.objects.get(person=ada).notes == ["25 plays."]
