"""One import from its first call to the rows it leaves, against the stand-in."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from time import perf_counter, process_time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import SpotifyGrant, User
from ingest.models import (
    Artist,
    AudioFeatures,
    Genre,
    ImportRun,
    Listen,
    Source,
    SourceLink,
    TimeRange,
    TopArtist,
    TopTrack,
    Track,
)
from ingest.services import artists_pick, run_advance, run_queue
from ingest.sources.base import ArtistItem
from matching.models import Taste
from musicmatch.keys import new_encryption_key
from musicmatch.standins.spotify import SpotifyStandin
from musicmatch.standins.spotify.listeners import all_listeners
from tests.factories import make_person
from tests.ingest.conftest import Clock, Connect, Finish

State = ImportRun.State


def calls(standin: SpotifyStandin) -> Counter[tuple[str, str]]:
    """The API calls so far, each with what it asked for."""
    return Counter(
        (call.path.removeprefix("/v1"), call.query.get("time_range", ""))
        for call in standin.calls("/v1/")
    )


SEVEN = Counter(
    [("/me/top/artists", r) for r in TimeRange.values]
    + [("/me/top/tracks", r) for r in TimeRange.values]
    + [("/me/player/recently-played", "")]
)


def statements(captured: CaptureQueriesContext) -> list[str]:
    """What was asked of the database, its brackets aside."""
    words = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    asked = [query["sql"] for query in captured.captured_queries]
    return [sql for sql in asked if not sql.startswith(words)]


def test_a_heavy_listener_in_development_mode(
    ada: User, standin: SpotifyStandin, connect: Connect, finish: Finish, clock: Clock
) -> None:
    run = finish(connect(ada, "marisol"))
    assert (run.state, run.reason) == (State.DONE, "")
    assert calls(standin) == SEVEN
    assert run.staged == {}
    assert (run.done_steps, run.total_steps) == (7, 7)
    for time_range in TimeRange.values:
        mine = {"person": ada, "source": "spotify", "time_range": time_range}
        ranks = TopArtist.objects.filter(**mine).order_by("rank")
        assert [row.rank for row in ranks] == list(range(1, 51))
        assert TopTrack.objects.filter(**mine).count() == 50
    assert run.artists_count == ada.top_artists.values("artist").distinct().count()
    assert run.tracks_count == ada.top_tracks.values("track").distinct().count()
    assert run.listens_count == ada.listens.count() == 50
    assert run.genres_count == Genre.objects.count() == 0
    assert not AudioFeatures.objects.exists()
    link = SourceLink.objects.get(person=ada)
    assert (link.state, link.reason) == ("connected", "")
    assert link.latest_import_at == link.latest_recent_at == clock()
    assert link.next_import_at == clock() + timedelta(days=1)
    assert Taste.objects.get(pk=ada.pk).is_visible


def test_genres_and_sound_are_used_where_they_are_given(
    ada: User, standin: SpotifyStandin, connect: Connect, finish: Finish
) -> None:
    standin.mode = "extended"
    run = finish(connect(ada, "marisol"))
    assert run.state == State.DONE
    asked = calls(standin)
    assert asked.pop(("/audio-features", "")) == 1
    assert asked == SEVEN
    assert run.genres_count == Genre.objects.count() > 5
    assert AudioFeatures.objects.filter(source="spotify").count() > 40
    assert (run.done_steps, run.total_steps) == (8, 8)


@pytest.mark.parametrize("genres", ["empty", "absent"])
def test_missing_genres_are_no_complaint(
    genres: Any, ada: User, standin: SpotifyStandin, connect: Connect, finish: Finish
) -> None:
    standin.mode, standin.genres = "extended", genres
    run = finish(connect(ada, "percy"))
    assert (run.state, run.reason) == (State.DONE, "")
    assert not Genre.objects.exists()
    assert calls(standin) == SEVEN


def test_sound_that_is_refused_is_asked_for_once_a_day(
    ada: User, ben: User, standin: SpotifyStandin, connect: Connect, finish: Finish
) -> None:
    standin.mode, standin.audio_features = "extended", False
    for person, listener in ((ada, "percy"), (ben, "quill")):
        run = finish(connect(person, listener))
        assert (run.state, run.reason) == (State.DONE, "")
        assert run.genres_count > 0
    assert len(standin.calls("/v1/audio-features")) == 1


@pytest.mark.parametrize("kind", ["status", "garbage", "cut"])
def test_sound_that_fails_costs_the_import_nothing(
    kind: str, ada: User, standin: SpotifyStandin, connect: Connect, finish: Finish
) -> None:
    standin.mode = "extended"
    standin.fault("/v1/audio-features", kind=kind)
    run = finish(connect(ada, "percy"), turns=1)
    assert (run.state, run.reason) == (State.DONE, "")
    standin.clear_faults()
    assert ada.top_artists.count() == 21
    again = run_queue(person_id=ada.pk, source=Source.SPOTIFY, now=run.finished_at)
    assert finish(again).state == State.DONE
    assert AudioFeatures.objects.exists()


def test_sound_known_already_is_not_fetched_again(
    ada: User, ben: User, standin: SpotifyStandin, connect: Connect, finish: Finish
) -> None:
    standin.mode = "extended"
    finish(connect(ada, "marisol"))
    [first] = standin.calls("/v1/audio-features")
    asked = set(first.query["ids"].split(","))
    finish(connect(ben, "tobin"))
    again = standin.calls("/v1/audio-features")[1:]
    known = set(AudioFeatures.objects.values_list("track__spotify_id", flat=True))
    for call in again:
        assert not set(call.query["ids"].split(",")) & known
    assert asked & known


def test_a_second_import_asks_for_new_listens_only(
    ada: User,
    standin: SpotifyStandin,
    connect: Connect,
    finish: Finish,
    clock: Clock,
    written: Callable[[], object],
) -> None:
    finish(connect(ada, "marisol"))
    tables, seq = written(), Taste.objects.get(pk=ada.pk).seq
    cursor = SourceLink.objects.get(person=ada).cursor
    newest = Listen.objects.latest("listened_at").listened_at
    assert cursor == str(round(newest.timestamp() * 1000))

    again = run_queue(person_id=ada.pk, source=Source.SPOTIFY, now=clock())
    assert finish(again).state == State.DONE
    assert standin.calls("/v1/me/player")[-1].query["after"] == cursor
    assert written() == tables
    assert Taste.objects.get(pk=ada.pk).seq == seq

    clock.move(hours=1)
    later = finish(run_queue(person_id=ada.pk, source=Source.SPOTIFY, now=clock()))
    assert 0 < later.listens_count < 50
    assert Listen.objects.count() == 50 + later.listens_count
    assert int(SourceLink.objects.get(person=ada).cursor) > int(cursor)
    assert all(n == 3 for n in calls(standin).values())


def test_a_run_of_recent_listens_leaves_the_lists_alone(
    ada: User, standin: SpotifyStandin, connect: Connect, finish: Finish, clock: Clock
) -> None:
    finish(connect(ada, "percy"))
    tops = list(TopArtist.objects.order_by("pk").values_list("pk", "artist"))
    before = SourceLink.objects.get(person=ada)
    called = len(standin.calls("/v1/me/top"))
    clock.move(hours=9)
    run = run_queue(
        person_id=ada.pk,
        source=Source.SPOTIFY,
        now=clock(),
        kind=ImportRun.Kind.RECENT,
    )
    assert run.total_steps == 1
    run = finish(run)
    assert (run.state, run.reason, run.done_steps) == (State.DONE, "", 1)
    assert len(standin.calls("/v1/me/top")) == called
    assert list(TopArtist.objects.order_by("pk").values_list("pk", "artist")) == tops
    link = SourceLink.objects.get(person=ada)
    assert link.latest_recent_at == clock()
    assert link.latest_import_at == before.latest_import_at
    assert link.next_import_at == before.next_import_at
    assert Listen.objects.count() == 50 + run.listens_count
    assert run.listens_count > 0


def test_someone_new_is_told_so(ada: User, connect: Connect, finish: Finish) -> None:
    run = finish(connect(ada, "nadia"))
    assert run.state == State.DONE
    assert "no top artists of yours yet" in run.reason
    assert not ada.top_artists.exists()
    assert not ada.listens.exists()
    assert SourceLink.objects.get(person=ada).cursor == ""


def test_no_recent_listens_is_no_complaint(
    ada: User, connect: Connect, finish: Finish
) -> None:
    run = finish(connect(ada, "quill"))
    assert (run.state, run.reason, run.listens_count) == (State.DONE, "", 0)
    assert ada.top_artists.count() == 150


def test_local_files_and_equal_moments(
    ada: User, connect: Connect, finish: Finish
) -> None:
    run = finish(connect(ada, "ros"))
    assert run.state == State.DONE
    local = Track.objects.get(name="Slow One (rehearsal tape)")
    assert local.spotify_id is None
    assert local.artist.spotify_id is None
    assert local.listens.count() > 1
    moments = Counter(ada.listens.values_list("listened_at", flat=True))
    assert max(moments.values()) == 2
    assert run.listens_count == 50


@pytest.mark.parametrize("listener", ["aoi", "bram", "nameless", "yulia", "wendell"])
def test_every_other_listener_can_be_imported(
    listener: str, ada: User, connect: Connect, finish: Finish
) -> None:
    assert finish(connect(ada, listener)).state == State.DONE
    assert ada.top_artists.exists()


def test_two_people_share_the_rows_of_their_music(
    ada: User, ben: User, connect: Connect, finish: Finish
) -> None:
    finish(connect(ada, "marisol"))
    known = Artist.objects.count(), Track.objects.count()
    finish(connect(ben, "tobin"))
    assert (Artist.objects.count(), Track.objects.count()) == known
    assert ben.top_artists.count() == 150


def test_an_import_finds_the_artists_someone_named_by_hand(
    ada: User, ben: User, connect: Connect, finish: Finish, clock: Clock
) -> None:
    first = all_listeners()["percy"].top_artists["long_term"][0]
    named = ArtistItem(first.name.upper())
    artists_pick(person_id=ben.pk, artists=(named,), now=clock())
    finish(connect(ada, "percy"))
    artist = ben.top_artists.get().artist
    assert (artist.name, artist.spotify_id) == (first.name, first.spotify_id)
    assert ada.top_artists.filter(artist=artist).exists()


# --- How many queries, how fast -------------------------------------------


@pytest.mark.parametrize("mode", ["development", "extended"])
def test_queries_do_not_grow_with_the_items(
    mode: Any, db: None, standin: SpotifyStandin, connect: Connect, clock: Clock
) -> None:
    standin.mode = mode
    counts = {}
    for listener in ("percy", "marisol"):
        run = connect(make_person(f"{mode[:3]}_{listener}"), listener)
        with CaptureQueriesContext(connection) as captured:
            run_advance(run_id=run.pk, clock=clock)
        run.refresh_from_db()
        assert run.state == State.DONE
        counts[listener] = len(statements(captured))
    # The first one looks at the gate's row, which the second finds in the cache.
    assert counts["percy"] - 1 <= counts["marisol"] <= counts["percy"] <= 45


def test_our_own_time_is_under_a_second(
    ada: User, standin: SpotifyStandin, connect: Connect, clock: Clock
) -> None:
    standin.mode = "extended"
    run = connect(ada, "marisol")
    began, began_here = perf_counter(), process_time()
    run_advance(run_id=run.pk, clock=clock)
    # The stand-in works in this process, so its time is in both.
    assert min(perf_counter() - began, process_time() - began_here) < 1
    run.refresh_from_db()
    assert run.state == State.DONE


# --- Tokens ---------------------------------------------------------------


def refreshes(standin: SpotifyStandin) -> int:
    return len(standin.calls("/api/token"))


def test_a_token_ended_early_is_refreshed_once(
    ada: User, standin: SpotifyStandin, connect: Connect, finish: Finish
) -> None:
    run = connect(ada, "percy")
    standin.fault("/v1/me/top/tracks", status=401, times=1, skip=1)
    run = finish(run, turns=1)
    assert (run.state, refreshes(standin)) == (State.DONE, 1)
    assert ada.top_tracks.exists()


def test_an_expired_token_is_refreshed_before_the_first_call(
    ada: User, standin: SpotifyStandin, connect: Connect, finish: Finish, clock: Clock
) -> None:
    run = connect(ada, "percy")
    clock.move(hours=2)
    assert finish(run).state == State.DONE
    assert refreshes(standin) == 1
    assert all(call.status == 200 for call in standin.calls("/v1/"))


def test_a_fresh_token_that_is_not_accepted_is_the_end(
    ada: User, standin: SpotifyStandin, connect: Connect, finish: Finish
) -> None:
    run = connect(ada, "percy")
    standin.fault("/v1/me/player", status=401)
    run = finish(run)
    assert (run.state, refreshes(standin)) == (State.FAILED, 1)
    assert "Connect it again" in run.reason
    assert SourceLink.objects.get(person=ada).state == "needs_reconnect"
    assert not ada.top_artists.exists()


def test_a_refresh_that_fails_for_now_is_not_taken_for_a_refusal(
    ada: User, standin: SpotifyStandin, connect: Connect, finish: Finish
) -> None:
    run = connect(ada, "percy")
    standin.fault("/v1/me/top/tracks", status=401, times=1)
    standin.fault("/api/token", status=503, times=1)
    run = finish(run, turns=1)
    assert run.state == State.WAITING
    standin.expire_access("percy")
    run = finish(run)
    assert (run.state, refreshes(standin)) == (State.DONE, 2)


@pytest.mark.parametrize("end", ["expire_refresh", "revoke"])
def test_a_consent_that_ended_is_never_tried_again(
    end: str,
    ada: User,
    standin: SpotifyStandin,
    connect: Connect,
    finish: Finish,
    clock: Clock,
) -> None:
    finish(connect(ada, "percy"))
    kept = ada.top_artists.count()
    getattr(standin, end)("percy")
    for _ in range(2):
        run = run_queue(person_id=ada.pk, source=Source.SPOTIFY, now=clock())
        run = finish(run)
        assert run.state == State.FAILED
        assert "Connect it again" in run.reason
    assert refreshes(standin) == 1
    link = SourceLink.objects.get(person=ada)
    assert (link.state, link.reason) == ("needs_reconnect", run.reason)
    assert ada.top_artists.count() == kept
    # A new consent mends it.
    clock.move(hours=1)
    assert finish(connect(ada, "percy")).state == State.DONE
    link.refresh_from_db()
    assert (link.state, link.reason) == ("connected", "")


def test_a_missing_grant_asks_for_a_new_consent(
    ada: User, connect: Connect, finish: Finish, standin: SpotifyStandin
) -> None:
    run = connect(ada, "percy")
    SpotifyGrant.objects.all().delete()
    run = finish(run)
    assert run.state == State.FAILED
    assert SourceLink.objects.get(person=ada).state == "needs_reconnect"
    assert not standin.calls("/v1/")


def test_a_grant_no_key_opens_asks_for_a_new_consent(
    ada: User, connect: Connect, finish: Finish, settings: Any
) -> None:
    run = connect(ada, "percy")
    settings.FIELD_ENCRYPTION_KEYS = [new_encryption_key()]
    run = finish(run)
    assert run.state == State.FAILED
    assert SourceLink.objects.get(person=ada).state == "needs_reconnect"


def test_the_sites_own_key_refused_is_for_the_host(
    ada: User,
    connect: Connect,
    finish: Finish,
    settings: Any,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = connect(ada, "percy")
    settings.SPOTIFY_CLIENT_SECRET = "another one"
    clock.move(hours=2)
    run = finish(run)
    assert run.state == State.FAILED
    assert "Only your host can mend that" in run.reason
    assert SourceLink.objects.get(person=ada).state == "failed"
    assert SpotifyGrant.objects.get(person=ada).state == "active"
    assert "another one" not in caplog.text


def test_someone_not_on_the_list(
    ada: User, standin: SpotifyStandin, connect: Connect, finish: Finish
) -> None:
    run = finish(connect(ada, "outsider"))
    assert run.state == State.FAILED
    assert "not on the list" in run.reason
    link = SourceLink.objects.get(person=ada)
    assert (link.state, link.reason) == ("not_allowed", run.reason)
    assert len(standin.calls("/v1/")) == 1


def test_a_missing_scope_asks_for_a_new_consent(
    ada: User, standin: SpotifyStandin, connect: Connect, finish: Finish
) -> None:
    run = connect(ada, "percy")
    tokens: Any = standin.grant("percy", scopes=["user-top-read"])
    grant = SpotifyGrant.objects.get(person=ada)
    grant.access_token = tokens["access_token"]
    grant.save()
    run = finish(run)
    assert (run.state, SourceLink.objects.get(person=ada).state) == (
        State.FAILED,
        "needs_reconnect",
    )
    assert not ada.top_artists.exists()
