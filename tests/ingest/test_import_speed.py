"""What an import does not do twice, so that a worker manages many."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from ingest.models import ArtistGenre, Genre, ImportRun, Source
from ingest.music import Library
from ingest.services import run_advance, run_queue, steps
from ingest.sources.base import ArtistItem
from musicmatch.standins.spotify import SpotifyStandin
from tests.ingest.conftest import Clock, Connect, Finish

State = ImportRun.State


def test_an_answer_is_packed_and_unpacked() -> None:
    answers = {"artists:long_term": [{"name": "Björk ♥"}] * 50, "recent": None}
    kept = {key: steps.packed(answer) for key, answer in answers.items()}
    assert steps.unpacked(kept) == answers
    assert len(kept["artists:long_term"]) < len(json.dumps(answers)) / 5


def test_answers_that_were_kept_unpacked_are_used_as_they_are(
    ada: User, standin: SpotifyStandin, connect: Connect, finish: Finish
) -> None:
    run = connect(ada, "percy")
    run.staged = {"artists:short_term": [{"name": "Kept From Before"}]}
    run.save(update_fields=["staged"])
    assert finish(run).state == State.DONE
    assert ada.top_artists.filter(artist__name="Kept From Before").count() == 1
    assert len(standin.calls("/v1/me/top/artists")) == 2


def test_what_was_fetched_is_packed_before_the_next_call(
    ada: User, standin: SpotifyStandin, connect: Connect, clock: Clock
) -> None:
    standin.fault("/v1/me/top/tracks", status=503)
    run = connect(ada, "marisol")
    run_advance(run_id=run.pk, clock=clock)
    run.refresh_from_db()
    assert len(run.staged) == 3
    assert all(isinstance(answer, str) for answer in run.staged.values())
    assert len(steps.unpacked(run.staged)["artists:long_term"]) == 50


def test_progress_writes_only_what_changed(
    ada: User, connect: Connect, finish: Finish, clock: Clock
) -> None:
    finish(connect(ada, "percy"))
    run = run_queue(person_id=ada.pk, source=Source.SPOTIFY, now=clock.move(hours=1))
    with CaptureQueriesContext(
        connection,
    ) as found:
        finish(run)
    saves = [
        query["sql"]
        for query in found.captured_queries
        if query["sql"].startswith('UPDATE "ingest_importrun"')
        and '"done_steps"' in query["sql"]
    ]
    assert len(saves) == 7
    assert not any('"finished_at"' in save for save in saves)
    assert sum('"started_at"' in save for save in saves) == 1


# --- Genres ---------------------------------------------------------------


@pytest.fixture
def songhoy(db: None) -> ArtistItem:
    item = ArtistItem("Songhoy Blues", "songhoy1", ("desert blues", "rock"))
    library = Library()
    library.add_artists([item])
    library.add_genres([item], source="spotify")
    return item


def test_genres_that_are_there_are_only_read(songhoy: ArtistItem) -> None:
    library = Library()
    library.add_artists([songhoy])
    with CaptureQueriesContext(connection) as found:
        assert library.add_genres([songhoy, songhoy], source="lastfm") == 2
    assert [query["sql"].split()[0] for query in found] == ["SELECT", "SELECT"]
    links = ArtistGenre.objects.values_list("source", flat=True)
    assert list(links) == ["spotify", "spotify"]


def test_only_genres_and_links_that_are_missing_are_written(
    songhoy: ArtistItem,
) -> None:
    library = Library()
    more = ArtistItem("Songhoy Blues", "songhoy1", ("rock", "mali"))
    library.add_artists([more])
    library.add_genres([more], source="lastfm")
    links = ArtistGenre.objects.order_by("genre__name")
    assert list(links.values_list("genre__name", "source")) == [
        ("desert blues", "spotify"),
        ("mali", "lastfm"),
        ("rock", "spotify"),
    ]


def test_a_genre_that_somebody_made_meanwhile_is_taken(
    songhoy: ArtistItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    rock = Genre.objects.get(name="rock").pk
    library = Library()
    library.add_artists([songhoy])
    with monkeypatch.context() as patch:
        # As if the look came just before the other import's end.
        patch.setattr(Genre.objects, "filter", lambda **_: Genre.objects.none())
        library.add_genres([songhoy])
    assert Genre.objects.get(name="rock").pk == rock
    assert ArtistGenre.objects.filter(genre=rock).count() == 1
