"""What beat has workers do every minute."""

from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from accounts.models import User
from ingest import tasks
from ingest.models import AudioFeatures
from tests.conftest import NOW
from tests.ingest.lookups.conftest import (
    World,
    genres_by_artist,
    give,
    give_tracks,
    mbid,
    track_item,
)

pytestmark = pytest.mark.django_db
TASKS: list[Any] = [tasks.look_up_genres_task, tasks.look_up_sounds_task]


@pytest.mark.parametrize("task", TASKS, ids=["genres", "sounds"])
def test_without_services_nothing_is_done(
    task: Any, ada: User, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.GENRE_LOOKUP = []
    settings.RECCOBEATS_URL = ""
    give(ada, "Can", first_mbid=1)
    with django_assert_num_queries(0):
        task.delay()


def test_each_does_its_part(ada: User, world: World) -> None:
    song = track_item("Song", "Low", spotify_id="idSong")
    give_tracks(ada, song, now=NOW)
    give(ada, "Can", first_mbid=1)
    world.tags[mbid(1)] = {"krautrock": 9}
    world.sounds["idSong"] = {"href": "https://x.example/idSong", "tempo": 99}
    for task in TASKS:
        # A message of a newer version may say more.
        task.delay(anything=1)
    assert genres_by_artist()["Can"] == [("krautrock", "listenbrainz")]
    assert AudioFeatures.objects.get().tempo == 99


@pytest.mark.parametrize("task", TASKS, ids=["genres", "sounds"])
def test_no_turn_lasts_for_ever(task: Any) -> None:
    assert 40 <= task.soft_time_limit < task.time_limit <= 120


def test_a_turn_that_is_cut_short_lets_the_next_one_in(
    ada: User, world: World, monkeypatch: Any
) -> None:
    give(ada, "Can", first_mbid=1)
    world.tags[mbid(1)] = {"krautrock": 9}

    def too_long() -> Any:
        raise SoftTimeLimitExceeded

    world.faults["listenbrainz"] = too_long
    with pytest.raises(SoftTimeLimitExceeded):
        tasks.look_up_genres_task.delay()
    world.faults.clear()
    tasks.look_up_genres_task.delay()
    assert genres_by_artist() == {"Can": [("krautrock", "listenbrainz")]}
