"""Why two people score what they score: every part, in its order, adding up."""

import os
import re
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from accounts.services import matching_pause
from ingest.models import Artist, Genre, Source
from ingest.services import Listening, listening_replace, source_link
from ingest.services.artists import artist_merge, artist_split
from ingest.sources.base import ArtistItem, AudioItem, ListenItem, TrackItem
from matching.explanation import explanation_for
from matching.models import Taste
from matching.reader import current_view
from matching.services import index_rebuild, refreshes_gathered
from social.services import block_create
from tests.factories import make_person, make_taste, make_user
from tests.matching.conftest import SignIn
from tests.matching.marks import (
    board_rows,
    explanation_root,
    marks,
    receipt_rows,
    words_of,
)

SOUND = {
    "tempo": 120.0,
    "energy": 0.5,
    "valence": 0.4,
    "danceability": 0.6,
    "acousticness": 0.3,
    "loudness": -9.0,
}


def listen_to(
    person: User,
    names: list[str],
    now: datetime,
    *,
    genres: tuple[str, ...] = ("trip hop",),
    tempo: float | None = None,
    tracks: bool = False,
) -> None:
    """Give a person artists with genres and, when asked, sound and tracks."""
    items = tuple(ArtistItem(name, genres=genres) for name in names)
    ranked = tuple(TrackItem(name=f"{i.name} song", artist=i) for i in items)
    sound = {
        item: AudioItem(spotify_id="", **{**SOUND, "tempo": tempo + 3 * place})
        for place, item in enumerate(items)
        if tempo is not None
    }
    link = source_link(person_id=person.pk, source=Source.COMMUNITY, now=now)
    link.latest_import_at = now - timedelta(days=2)
    link.save()
    listening_replace(
        person_id=person.pk,
        source=Source.COMMUNITY,
        listening=Listening(
            artists={"long_term": items},
            tracks={"long_term": ranked} if tracks else {},
            listens=tuple(
                ListenItem(track, now - timedelta(hours=hours))
                for hours, track in enumerate(ranked, start=1)
                if tracks
            ),
            artist_sound=sound,
        ),
        now=now,
    )


@pytest.fixture
def pair(ada: User, ben: User, cyd: User, now: datetime) -> list[User]:
    """Two who know everything of each other's music, and a third person."""
    with refreshes_gathered(now=now):
        mine = ["Portishead", "Grouper", "Sade", "Can"]
        listen_to(ada, mine, now, tempo=100.0, tracks=True)
        theirs = ["Grouper", "Portishead", "Low", "Sade"]
        listen_to(ben, theirs, now, tempo=101.0, tracks=True)
        listen_to(cyd, ["Sade", "Merzbow"], now, genres=("noise",), tempo=150.0)
    index_rebuild(now=now)
    return [ada, ben, cyd]


def page_of(client: Client, person: User) -> Any:
    response = client.get(f"/matches/{person.handle}/")
    assert response.status_code == 200
    return response


def assert_adds_up(response: Any) -> dict[str, str]:
    """The printed points of all rows sum to the printed score; gives the root."""
    root = explanation_root(response)
    points = [Decimal(row["data-points"]) for row in receipt_rows(response)]
    assert sum(points) == Decimal(root["data-score"])
    return root


# --- The parts ------------------------------------------------------------

HEADINGS = [
    "The receipt",
    "Genres",
    "Sound",
    "Where you differ",
    "To give each other",
    "To begin with",
    "Lately played",
    "What this rests on",
]


def test_every_part_is_there_in_its_order(pair: list[User], sign_in: SignIn) -> None:
    ada, ben, _ = pair
    response = page_of(sign_in(ada), ben)
    found = re.findall(r"<h2[^>]*>(.*?)</h2>", response.content.decode())
    assert found == HEADINGS
    root = assert_adds_up(response)
    assert root["data-person"] == "ben_near"
    kinds = {row["data-part"] for row in receipt_rows(response)}
    assert kinds == {"artist", "genre", "audio"}


def test_a_shared_artist_has_both_ranks(pair: list[User], sign_in: SignIn) -> None:
    ada, ben, _ = pair

    def ranks(client: Client, person: User) -> dict[str, tuple[str, str]]:
        return {
            row["data-name"]: (row["data-my-rank"], row["data-their-rank"])
            for row in receipt_rows(page_of(client, person))
            if row["data-part"] == "artist"
        }

    mine = ranks(sign_in(ada), ben)
    assert mine == {"Portishead": ("1", "2"), "Grouper": ("2", "1"), "Sade": ("3", "4")}
    theirs = ranks(sign_in(ben), ada)
    assert theirs == {name: (b, a) for name, (a, b) in mine.items()}


def test_the_same_points_from_both_sides(pair: list[User], sign_in: SignIn) -> None:
    def points(client: Client, person: User) -> set[tuple[str, str, str]]:
        return {
            (row["data-part"], row["data-name"], row["data-points"])
            for row in receipt_rows(page_of(client, person))
        }

    for one, other in ((0, 1), (0, 2), (1, 2)):
        mine = points(sign_in(pair[one]), pair[other])
        assert mine == points(sign_in(pair[other]), pair[one])
        assert len(mine) > 1


def test_list_and_explanation_agree(pair: list[User], sign_in: SignIn) -> None:
    client = sign_in(pair[0])
    rows = board_rows(client)
    assert len(rows) == 2
    for row in rows:
        person = User.objects.get(handle=row["data-person"])
        page = page_of(client, person)
        assert explanation_root(page)["data-score"] == row["data-score"]
        entry = next(
            e
            for e in client.get("/matches/").context["board"].entries
            if e.handle == person.handle
        )
        explained = page.context["page"]
        assert entry.sentence == explained.sentence
        assert entry.percentile_text == explained.percentile_text
        assert entry.parts == explained.parts


def test_genres_are_counted_on_both_sides(pair: list[User]) -> None:
    ada, ben, cyd = pair

    def counts(one: User, other: User) -> dict[str, tuple[int, int]]:
        rows = explanation_for(one, other).genres
        assert all(row.is_shared for row in rows)
        return {row.name: (row.mine, row.theirs) for row in rows}

    # Sade carries what every source says of her.
    assert counts(ada, ben) == {"trip hop": (4, 4), "noise": (1, 1)}
    assert counts(ada, cyd) == {"trip hop": (4, 1), "noise": (1, 2)}


def test_sound_is_shown_per_dimension_with_a_table(
    pair: list[User], sign_in: SignIn
) -> None:
    response = page_of(sign_in(pair[0]), pair[1])
    page = response.context["page"]
    assert [row.label for row in page.audio][:2] == ["Tempo", "Energy"]
    assert len(page.audio) == 6
    tempo = page.audio[0]
    assert tempo.mine.endswith(" BPM")
    assert float(tempo.difference) == pytest.approx(
        abs(_number(tempo.mine_normalised) - _number(tempo.theirs_normalised)), abs=0.02
    )
    assert "The same as a table" in words_of(response)
    assert page.tempo.shared_low is not None
    window = f"{page.tempo.shared_low}–{page.tempo.shared_high} BPM"
    assert window in words_of(response)


def _number(text: str) -> float:
    return float(text.replace("−", "-"))


def test_tempos_that_do_not_meet_say_so(pair: list[User], sign_in: SignIn) -> None:
    far = make_person("far_tempo")
    listen_to(far, ["Sade", "Fast one", "Fast two"], _NOW, tempo=180.0)
    tempo = explanation_for(pair[0], far).tempo
    assert tempo is not None
    assert tempo.shared_low is None
    assert "the two do not overlap" in words_of(page_of(sign_in(pair[0]), far))


_NOW = datetime.fromisoformat("2026-11-22T12:00:00+00:00")


def test_what_only_one_has_is_listed_by_rank(pair: list[User]) -> None:
    page = explanation_for(pair[0], pair[1])
    assert [(a.name, a.rank) for a in page.only_mine] == [("Can", 4)]
    assert [(a.name, a.rank) for a in page.only_theirs] == [("Low", 3)]


def test_suggestions_come_with_a_reason(pair: list[User], sign_in: SignIn) -> None:
    response = page_of(sign_in(pair[0]), pair[1])
    [given] = marks(response, "data-suggestion")
    assert given["data-suggestion"] == "Low"
    [suggestion] = response.context["page"].suggestions
    assert suggestion.reason.startswith("their number 3, close to your ")
    [back] = response.context["page"].for_them
    assert back.name == "Can"


def test_icebreakers_are_tracks_by_shared_artists(
    pair: list[User], sign_in: SignIn
) -> None:
    response = page_of(sign_in(pair[0]), pair[1])
    tracks = {m["data-icebreaker"] for m in marks(response, "data-icebreaker")}
    assert tracks == {"Portishead song", "Grouper song", "Sade song"}


def test_recent_listens_are_by_shared_artists_and_theirs(
    pair: list[User], sign_in: SignIn
) -> None:
    response = page_of(sign_in(pair[0]), pair[1])
    recent = [m["data-recent"] for m in marks(response, "data-recent")]
    assert recent == ["Grouper song", "Portishead song", "Sade song"]


def test_the_data_notice_names_sources_and_what_is_missing(
    pair: list[User], sign_in: SignIn, now: datetime
) -> None:
    ada, ben, _ = pair
    silent = make_person("eve_silent")
    listen_to(silent, ["Grouper"], now, genres=())
    page = explanation_for(ada, silent)
    assert [(s.who, s.label) for s in page.sources] == [
        ("You", "Loaded community"),
        ("Eve", "Loaded community"),
    ]
    assert "Only 1 artist known of Eve: the score is a first guess." in page.missing
    assert "No recent listens of Eve by artists you share." in page.missing
    assert "too small" in " ".join(page.missing)
    heard = explanation_for(ada, ben)
    assert not [s for s in heard.missing if "No data" in s or "No recent" in s]


def test_missing_sound_and_genres_are_named_and_not_scored(
    community: list[User],
) -> None:
    page = explanation_for(community[0], community[1])
    both = "you and Ben, so it is left out."
    assert f"No data on how the music sounds for {both}" in page.missing
    assert f"No data on genres for {both}" in page.missing
    assert {row.kind for row in page.rows} == {"artist"}
    assert page.audio == []
    assert page.tempo is None


# --- One artist under several names ---------------------------------------


@pytest.fixture
def merged(ada: User, ben: User, cyd: User, now: datetime) -> list[User]:
    """Ben has as Ye whom Ada has as Kanye West, and Kanye West stands for both."""
    with refreshes_gathered(now=now):
        mine, theirs = ["Sade", "Kanye West"], ["Ye", "Sade", "Low"]
        listen_to(ada, mine, now, genres=("trip hop",), tracks=True)
        listen_to(ben, theirs, now, genres=("hip hop",), tracks=True)
        listen_to(cyd, ["Merzbow"], now)
    index_rebuild(now=now)
    kanye, ye = (Artist.objects.get(name=name) for name in ("Kanye West", "Ye"))
    artist_merge(keep_id=kanye.pk, other_ids=[ye.pk], by=make_user(), now=now)
    return [ada, ben, cyd]


def test_a_merged_artist_is_shared_with_both_ranks(
    merged: list[User], sign_in: SignIn, now: datetime
) -> None:
    client = sign_in(merged[0])
    for _ in range(2):
        response = page_of(client, merged[1])
        assert_adds_up(response)
        ranks = {
            row["data-name"]: (row["data-my-rank"], row["data-their-rank"])
            for row in receipt_rows(response)
            if row["data-part"] == "artist"
        }
        assert ranks == {"Kanye West": ("2", "1"), "Sade": ("1", "2")}
        assert board_rows(client)[0]["data-shared-artists"] == "2"
        index_rebuild(now=now)


def test_a_merged_artist_is_named_and_given_as_one(
    merged: list[User], sign_in: SignIn
) -> None:
    ada, ben, _ = merged
    page = explanation_for(ada, ben)
    assert "Kanye West" in page.sentence
    assert [a.name for a in page.only_theirs] == ["Low"]
    assert page.only_mine == []
    assert {s.name for s in page.suggestions} <= {"Low"}
    # The genres of both names together.
    assert {(row.name, row.mine, row.theirs) for row in page.genres} == {
        ("hip hop", 2, 3),
        ("trip hop", 2, 2),
    }
    assert [(r.track, r.artist) for r in page.recents] == [
        ("Ye song", "Kanye West"),
        ("Sade song", "Sade"),
    ]
    openers = {(i.track, i.artist) for i in page.icebreakers}
    assert ("Ye song", "Kanye West") in openers


def test_a_split_gives_the_page_back_as_it_was(
    pair: list[User], sign_in: SignIn, now: datetime
) -> None:
    client = sign_in(pair[0])
    can, low = (Artist.objects.get(name=name) for name in ("Can", "Low"))
    before = body(page_of(client, pair[1]))
    artist_merge(keep_id=can.pk, other_ids=[low.pk], by=make_user(), now=now)
    assert body(page_of(client, pair[1])) != before
    artist_split(artist_id=low.pk, by=make_user(), now=now)
    assert body(page_of(client, pair[1])) == before


# --- Adding up ------------------------------------------------------------


def test_small_rows_are_folded_exactly(
    ada: User, ben: User, sign_in: SignIn, now: datetime
) -> None:
    names = [f"Artist {number}" for number in range(60)]
    for person in (ada, ben):
        make_taste(person, names)
        for number, name in enumerate(names[:12]):
            listen_to(
                person, [name], now, genres=(f"genre {number}", f"style {number}")
            )
        make_taste(person, names)
    make_taste(make_person("eve_other"), ["Sade"])
    index_rebuild(now=now)
    response = page_of(sign_in(ada), ben)
    assert_adds_up(response)
    rows = receipt_rows(response)
    more = {r["data-name"] for r in rows if r["data-part"] == "more"}
    assert more == {"30 more artists", "16 more genres"}
    assert len([r for r in rows if r["data-part"] == "artist"]) == 30
    assert len([r for r in rows if r["data-part"] == "genre"]) == 8


def assert_pairs_agree(people: list[User], sign_in: SignIn, pairs: int) -> None:
    """Both sides of random pairs: printed sums, the same points, and no error."""
    random = Random(7)
    clients = {person.pk: sign_in(person) for person in people}
    for _ in range(pairs):
        one, other = random.sample(people, 2)
        mine = page_of(clients[one.pk], other)
        theirs = page_of(clients[other.pk], one)
        roots = assert_adds_up(mine), assert_adds_up(theirs)
        assert roots[0]["data-score"] == roots[1]["data-score"]
        sides = [
            sorted(
                (row["data-part"], row["data-name"], row["data-points"])
                for row in receipt_rows(page)
            )
            for page in (mine, theirs)
        ]
        assert sides[0] == sides[1]


def assert_lists_agree(people: list[User], sign_in: SignIn) -> None:
    for person in people:
        client = sign_in(person)
        for row in board_rows(client)[:5]:
            other = User.objects.get(handle=row["data-person"])
            root = explanation_root(page_of(client, other))
            assert root["data-score"] == row["data-score"]


def seen_people() -> list[User]:
    ids = Taste.objects.filter(is_visible=True).values("person")
    return list(User.objects.filter(pk__in=ids).order_by("pk"))


@pytest.mark.once
@pytest.mark.django_db
def test_two_hundred_pairs_of_the_demo_add_up(sign_in: SignIn) -> None:
    call_command("seed_demo", people=60, stdout=StringIO())
    people = seen_people()
    assert_pairs_agree(people, sign_in, 200)
    assert_lists_agree(people[:5], sign_in)


@pytest.mark.django_db
def test_two_hundred_pairs_of_a_real_community_add_up(sign_in: SignIn) -> None:
    folder = os.environ.get("MUSICMATCH_DATA", "")
    if not folder:
        pytest.skip("MUSICMATCH_DATA names no folder")
    call_command("load_community", folder, stdout=StringIO())
    people = seen_people()
    assert len(current_view().statistics.vectors)
    assert_pairs_agree(people, sign_in, 200)
    assert_lists_agree(people[:10], sign_in)


# --- Who cannot be explained ----------------------------------------------


def body(response: Any) -> bytes:
    """A page without what differs from request to request."""
    found: bytes = re.sub(
        rb'name="csrfmiddlewaretoken" value="[^"]*"', b"", response.content
    )
    return found


def test_missing_hidden_blocked_and_self_are_the_same_page(
    community: list[User], sign_in: SignIn, now: datetime
) -> None:
    ada, ben, cyd, dee = community
    gone = make_person("gone_person")
    make_user("never_joined_login", handle="never_joined")
    matching_pause(person=ben, now=now)
    block_create(blocker=ada, blocked=cyd, now=now)
    block_create(blocker=dee, blocked=ada, now=now)
    gone.is_active = False
    gone.save()
    client = sign_in(ada)
    pages = {
        handle: client.get(f"/matches/{handle}/")
        for handle in (
            "no_such_person",
            "ben_near",
            "cyd_stranger",
            "dee_blocked",
            "gone_person",
            "never_joined",
            "ada_owner",
        )
    }
    assert {page.status_code for page in pages.values()} == {404}
    assert len({body(page) for page in pages.values()}) == 1
    profiles = [
        client.get(f"/people/{handle}/") for handle in pages if handle != "ada_owner"
    ]
    assert {page.status_code for page in profiles} == {404}
    assert {body(page) for page in profiles} == {body(pages["no_such_person"])}


def test_someone_who_left_since_the_index_was_built(
    community: list[User], sign_in: SignIn
) -> None:
    client = sign_in(community[0])
    assert client.get("/matches/ben_near/").status_code == 200
    community[1].delete()
    assert client.get("/matches/ben_near/").status_code == 404
    community[2].delete()
    page = client.get("/matches/dee_blocked/")
    assert page.context["page"].percentile_text == ""


NOTHING = {
    "no listening of theirs": "Eve has no listening here that could be compared.",
    "no listening of mine": "Your listening is not here yet.",
    "no index": "Everyone here is being compared",
}


@pytest.mark.parametrize("why", NOTHING)
def test_nothing_to_explain_says_why(
    community: list[User], sign_in: SignIn, why: str, settings: Any
) -> None:
    ada, ben = community[:2]
    eve = make_person("eve_empty")
    viewer, person = ada, ben
    if why == "no listening of theirs":
        person = eve
    elif why == "no listening of mine":
        viewer = eve
    else:
        for manifest in settings.INDEX_DIR.glob("MANIFEST*.json"):
            manifest.unlink()
    response = page_of(sign_in(viewer), person)
    assert "matching/nothing_to_explain.html" in [t.name for t in response.templates]
    assert NOTHING[why] in words_of(response)
    assert not receipt_rows(response)


def test_who_is_paused_finds_nobody(
    community: list[User], sign_in: SignIn, now: datetime
) -> None:
    matching_pause(person=community[0], now=now)
    assert sign_in(community[0]).get("/matches/ben_near/").status_code == 404


def test_two_with_nothing_in_common_have_no_score(
    community: list[User], sign_in: SignIn, now: datetime
) -> None:
    far = make_person("far_away")
    make_taste(far, ["Merzbow"])
    index_rebuild(now=now)
    response = page_of(sign_in(community[0]), far)
    assert explanation_root(response)["data-score"] == "0.0"
    assert not receipt_rows(response)
    assert "different music" in words_of(response)


def test_a_genre_that_is_gone_still_has_a_row(
    pair: list[User], sign_in: SignIn
) -> None:
    Genre.objects.all().delete()
    response = page_of(sign_in(pair[0]), pair[1])
    assert_adds_up(response)
    names = {r["data-name"] for r in receipt_rows(response)}
    assert "a genre" in names


def test_a_session_and_a_yes_are_needed(client: Client, community: list[User]) -> None:
    response = client.get("/matches/ben_near/")
    assert response["Location"] == "/accounts/login/?next=/matches/ben_near/"
    client.force_login(make_user())
    assert client.get("/matches/ben_near/")["Location"] == "/welcome/"


@pytest.mark.parametrize("artists", [3, 100])
def test_the_number_of_queries_does_not_grow(
    ada: User,
    ben: User,
    sign_in: SignIn,
    now: datetime,
    artists: int,
    django_assert_num_queries: Any,
) -> None:
    names = [f"Artist {number}" for number in range(artists)]
    for person in (ada, ben):
        listen_to(person, names, now, tempo=100.0, tracks=True)
    for number in range(artists):
        make_taste(make_person(f"person_{number}"), ["Artist 1", "Low"])
    index_rebuild(now=now)
    client = sign_in(ada)
    page_of(client, ben)
    with django_assert_num_queries(13):
        page_of(client, ben)
