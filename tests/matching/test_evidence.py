"""What a comparison rests on: who measured, who named, what was picked by hand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from accounts.models import User
from ingest.credits import all_thanked, thanked
from ingest.models import (
    Artist,
    ArtistGenre,
    AudioFeatures,
    Genre,
    Source,
    SourceLink,
    TopArtist,
    TopTrack,
    Track,
)
from ingest.services import Listening, artists_pick, listening_replace, source_link
from ingest.services.links import source_use
from ingest.sound import person_sound, sound_sources
from ingest.sources.base import ArtistItem, AudioItem, TrackItem
from matching.explanation import explanation_for
from matching.services import index_rebuild
from tests.factories import make_person, make_taste
from tests.matching.conftest import SignIn
from tests.matching.marks import marks, words_of

_SOUND = {
    "energy": 0.5,
    "valence": 0.4,
    "danceability": 0.6,
    "acousticness": 0.3,
    "loudness": -9.0,
}


def hear(
    person: User,
    source: Source,
    names: Sequence[str],
    now: datetime,
    *,
    genres: tuple[str, ...] = (),
    tempo: float | None = None,
) -> None:
    """Give a person artists with a track each, and what their tracks sound like."""
    artists = tuple(ArtistItem(name, genres=genres) for name in names)
    tracks = tuple(
        TrackItem(f"{artist.name} song", artist, f"{source}-{artist.name}")
        for artist in artists
    )
    sound = {
        track.spotify_id: AudioItem(track.spotify_id, tempo=tempo + place, **_SOUND)
        for place, track in enumerate(tracks)
        if tempo is not None and track.spotify_id
    }
    link = source_link(person_id=person.pk, source=source, now=now)
    link.latest_import_at = now
    link.save()
    listening_replace(
        person_id=person.pk,
        source=source,
        listening=Listening(
            artists={"long_term": artists}, tracks={"long_term": tracks}, audio=sound
        ),
        now=now,
    )


def use(person: User, source: Source, is_used: bool, now: datetime) -> None:
    source_use(person_id=person.pk, source=source, is_used=is_used, now=now)


SHARED = ["Portishead", "Grouper", "Sade", "Can", "Low"]


def page_words(sign_in: SignIn, viewer: User, person: User) -> str:
    response = sign_in(viewer).get(f"/matches/{person.handle}/")
    assert response.status_code == 200
    return words_of(response)


# --- Who measured, who named ----------------------------------------------


def test_one_service_that_measured_both_is_named_once(
    ada: User, ben: User, sign_in: SignIn, now: datetime
) -> None:
    for person in (ada, ben):
        hear(person, Source.SPOTIFY, SHARED, now, tempo=100.0)
    index_rebuild(now=now)
    response = sign_in(ada).get("/matches/ben_near/")
    assert "Measured by Spotify ( Open Spotify )." in words_of(response)
    links = [m["href"] for m in marks(response, "href") if m["tag"] == "a"]
    assert "https://open.spotify.com/" in links


def test_two_services_are_each_named_beside_their_person(
    ada: User, ben: User, sign_in: SignIn, now: datetime
) -> None:
    hear(ada, Source.SPOTIFY, SHARED, now, tempo=100.0)
    theirs = ["Sade", "Low", "Neu!", "Coil", "Cluster", "Faust"]
    hear(ben, Source.LISTENBRAINZ, theirs, now, tempo=120.0)
    ours = Track.objects.filter(spotify_id__startswith="listenbrainz-")
    AudioFeatures.objects.filter(track__in=ours).update(source="reccobeats")
    index_rebuild(now=now)
    page = page_words(sign_in, ada, ben)
    assert (
        "Yours was measured by Spotify ( Open Spotify ), Ben’s by ReccoBeats ." in page
    )
    assert "Two services may hear the same track a little differently." in page
    back = page_words(sign_in, ben, ada)
    assert "Yours was measured by ReccoBeats , Ada’s by Spotify" in back


def test_without_sound_nobody_is_said_to_have_measured_it(
    community: list[User], sign_in: SignIn
) -> None:
    assert "easured by" not in page_words(sign_in, community[0], community[1])


@pytest.fixture
def mixed(ada: User, ben: User, cyd: User, now: datetime) -> list[User]:
    """One measured by tracks, one by too few of them, one by nothing."""
    hear(ada, Source.SPOTIFY, SHARED, now, tempo=100.0)
    hear(ada, Source.LISTENBRAINZ, ["A", "B", "C", "D"], now, tempo=90.0)
    hear(ben, Source.SPOTIFY, ["Faust", "Cluster"], now, tempo=100.0)
    make_taste(cyd, ["Merzbow", "Coil"])
    return [ada, ben, cyd]


def _measured_now(person: User) -> str | None:
    tracks = TopTrack.objects.of_used_sources().filter(person=person)
    artists = TopArtist.objects.of_used_sources().filter(person=person)
    sound = person_sound(
        set(tracks.values_list("track", flat=True)),
        set(artists.values_list("artist", flat=True)),
    )
    return sound.source if sound else None


@pytest.mark.parametrize("known_artists", [False, True])
@pytest.mark.parametrize("off", [None, Source.SPOTIFY, Source.LISTENBRAINZ])
def test_who_measured_is_who_the_average_is_of(
    mixed: list[User],
    now: datetime,
    known_artists: bool,
    off: Source | None,
    django_assert_num_queries: Any,
) -> None:
    if known_artists:
        others = tuple(ArtistItem(name) for name in ("Faust", "Cluster", "A"))
        sound = {one: AudioItem("", tempo=99.0, **_SOUND) for one in others}
        listening = Listening(
            artists={"long_term": others}, tracks={}, artist_sound=sound
        )
        for person in mixed[:2]:
            source_link(person_id=person.pk, source=Source.COMMUNITY, now=now)
            listening_replace(
                person_id=person.pk,
                source=Source.COMMUNITY,
                listening=listening,
                now=now,
            )
    SourceLink.objects.filter(source=off).update(is_used=False)
    ids = [person.pk for person in mixed]
    with django_assert_num_queries(1):
        found = sound_sources(ids)
    assert found == {
        person.pk: source for person in mixed if (source := _measured_now(person))
    }
    if off is None:
        expected = "community" if known_artists else "spotify"
        assert found == {mixed[0].pk: "spotify", mixed[1].pk: expected}


def test_everyone_who_named_a_genre_that_is_shown_is_thanked(
    ada: User, ben: User, sign_in: SignIn, now: datetime
) -> None:
    hear(ada, Source.SPOTIFY, SHARED, now, genres=("trip hop",))
    hear(ben, Source.LISTENBRAINZ, ["Sade", "Neu!"], now, genres=("krautrock",))
    make_taste(make_person("eve_other"), ["Merzbow"], genres=["noise"])
    sade = Artist.objects.get(name="Sade")
    for name, source in (("soul", "musicbrainz"), ("jazz", "lastfm"), ("pop", "")):
        genre = Genre.objects.create(name=name)
        ArtistGenre.objects.create(artist=sade, genre=genre, source=source)
    index_rebuild(now=now)
    said = (
        "Where the genres come from: Spotify ( Open Spotify ), ListenBrainz ,"
        " Last.fm ( powered by AudioScrobbler ), MusicBrainz , earlier imports."
    )
    assert said in page_words(sign_in, ada, ben)
    # A list of artists shows three genres of each, and soul is the fifth of Sade's.
    listed = words_of(sign_in(ada).get("/artists/"))
    assert said.replace("MusicBrainz , ", "") in listed
    ArtistGenre.objects.exclude(source="spotify").delete()
    after = page_words(sign_in, ada, ben)
    assert "Where the genres come from: Spotify ( Open Spotify )." in after


def test_without_genres_nobody_is_thanked_for_them(
    community: list[User], sign_in: SignIn
) -> None:
    assert "genres come from" not in page_words(sign_in, community[0], community[1])
    assert "genres come from" not in words_of(sign_in(community[0]).get("/artists/"))


def test_thanks_are_in_one_order_whatever_is_asked() -> None:
    keys = ["", "reccobeats", "lastfm", "spotify", "musicbrainz", "spotify"]
    assert [one.label for one in all_thanked(keys)] == [
        "Spotify",
        "Last.fm",
        "MusicBrainz",
        "ReccoBeats",
        "earlier imports",
    ]
    assert thanked("manual").credit is None


# --- What was picked by hand ----------------------------------------------


def pick(person: User, names: Sequence[str], now: datetime) -> None:
    artists = tuple(ArtistItem(name) for name in names)
    artists_pick(person_id=person.pk, artists=artists, now=now)


THIN = (
    "artists were all picked by hand. No plays stand behind them, and the score counts"
    " them like any others."
)


def test_artists_picked_by_hand_are_said_to_be_thin_evidence(
    community: list[User], sign_in: SignIn, now: datetime
) -> None:
    ada = community[0]
    eve = make_person("eve_picker")
    pick(eve, SHARED, now)
    page = page_words(sign_in, ada, eve)
    assert f"Eve’s {THIN}" in page
    assert f"Your {THIN}" not in page
    assert "Eve: Picked by hand thin evidence, named" in page
    back = page_words(sign_in, eve, ada)
    assert f"Your {THIN}" in back
    assert f"Ada’s {THIN}" not in back


@pytest.mark.django_db
def test_both_who_picked_by_hand_are_named(now: datetime) -> None:
    two = [make_person("eve_picker"), make_person("fay_picker")]
    for person in two:
        pick(person, SHARED, now)
    index_rebuild(now=now)
    missing = explanation_for(*two).missing
    assert [s for s in missing if THIN in s] == [f"Your {THIN}", f"Fay’s {THIN}"]


def test_plays_beside_the_list_make_it_no_longer_thin(
    community: list[User], now: datetime
) -> None:
    eve = make_person("eve_picker")
    pick(eve, SHARED, now)
    # Connected, and nothing has come of it yet.
    source_link(person_id=eve.pk, source=Source.LISTENBRAINZ, now=now)

    def is_thin() -> bool:
        return f"Eve’s {THIN}" in explanation_for(community[0], eve).missing

    assert is_thin()
    hear(eve, Source.LISTENBRAINZ, SHARED, now)
    assert not is_thin()
    use(eve, Source.LISTENBRAINZ, False, now)
    assert is_thin()


def test_a_source_that_was_never_read_says_so(
    community: list[User], sign_in: SignIn, now: datetime
) -> None:
    source_link(person_id=community[1].pk, source=Source.LASTFM, now=now)
    page = page_words(sign_in, community[0], community[1])
    assert "Ben: Last.fm not read yet" in page
