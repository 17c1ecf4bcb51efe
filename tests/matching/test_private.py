"""What two people keep from each other: on the explanation, in lists and in filters."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Audience, Section, User
from accounts.services import artists_show, privacy_update
from ingest.models import Artist, Source
from ingest.services import Listening, listening_replace, source_link
from ingest.sources.base import ArtistItem, AudioItem, ListenItem, TrackItem
from matching.models import Taste
from matching.services import index_rebuild, refreshes_gathered
from tests.conftest import NOW
from tests.factories import make_person, make_taste
from tests.factories.threads import make_connection
from tests.matching.conftest import SignIn
from tests.matching.marks import explanation_root, marks, receipt_rows, words_of

EVERYONE, CONNECTIONS, ONLY_ME = Audience
_SOUND = {
    "energy": 0.5,
    "valence": 0.4,
    "danceability": 0.6,
    "acousticness": 0.3,
    "loudness": -9.0,
}
_ALL = ("ambient",)
GENRES = {"Portishead": ("ambient", "trip hop"), "Grouper": ("ambient", "drone")}


def hear(person: User, names: list[str], tempo: float) -> None:
    """Give a person everything an explanation can show."""
    items = tuple(ArtistItem(name, genres=GENRES.get(name, _ALL)) for name in names)
    tracks = tuple(TrackItem(name=f"{one.name} song", artist=one) for one in items)
    source_link(person_id=person.pk, source=Source.COMMUNITY, now=NOW)
    listening = Listening(
        artists={"long_term": items},
        tracks={"long_term": tracks},
        listens=tuple(ListenItem(track, NOW) for track in tracks),
        artist_sound={one: AudioItem("", tempo=tempo, **_SOUND) for one in items},
    )
    listening_replace(
        person_id=person.pk, source=Source.COMMUNITY, listening=listening, now=NOW
    )


@pytest.fixture
def pair(ada: User, ben: User, cyd: User) -> list[User]:
    User.objects.update(country="PT", last_active_at=timezone.now())
    with refreshes_gathered(now=NOW):
        hear(ada, ["Portishead", "Grouper", "Sade", "Can"], 100.0)
        hear(ben, ["Grouper", "Portishead", "Low", "Sade"], 104.0)
        hear(cyd, ["Merzbow", "Sade"], 170.0)
    for person in (ada, ben, cyd):
        person.refresh_from_db()
        artists_show(person=person)
    index_rebuild(now=NOW)
    return [ada, ben, cyd]


def show(person: User, **audiences: Audience) -> None:
    privacy_update(
        person=person,
        is_hidden=False,
        audiences={Section(name): given for name, given in audiences.items()},
        now=NOW,
    )


def explained(client: Client) -> Any:
    response = client.get("/matches/ben_near/")
    assert response.status_code == 200
    return response


def points(response: Any) -> Decimal:
    """What the rows add up to, each once."""
    return sum((Decimal(r["data-points"]) for r in receipt_rows(response)), Decimal(0))


# What an explanation is without a section: the row that stands for it, the headings
# that are gone.
WITHOUT = {
    "artists": (
        "Artists, kept private",
        ["Where you differ", "To give each other", "To begin with", "Lately played"],
    ),
    "genres": ("Genres, kept private", ["Genres"]),
    "audio": ("Sound, kept private", ["Sound"]),
    "recent": ("", ["Lately played"]),
}
HEADINGS = {heading for _, gone in WITHOUT.values() for heading in gone}


def headings(response: Any) -> set[str]:
    html = response.content.decode()
    return {heading for heading in HEADINGS if f">{heading}</h2>" in html}


@pytest.mark.parametrize("section", WITHOUT)
@pytest.mark.parametrize("is_mine", [True, False])
def test_what_is_kept_is_one_row_of_the_same_sum(
    pair: list[User], sign_in: SignIn, section: str, is_mine: bool
) -> None:
    ada, ben, _ = pair
    client = sign_in(ada)
    whole = explained(client)
    assert headings(whole) == HEADINGS
    show(ada if is_mine else ben, **{section: ONLY_ME})
    response = explained(sign_in(User.objects.get(pk=ada.pk)))
    row, gone = WITHOUT[section]
    assert headings(response) == HEADINGS - set(gone)
    score = explanation_root(response)["data-score"]
    assert score == explanation_root(whole)["data-score"]
    assert points(response) == Decimal(score)
    kind = {"artists": "artist", "genres": "genre", "audio": "audio"}.get(section)
    of_kind = [r for r in receipt_rows(whole) if r["data-part"] == kind]
    kept = [r for r in receipt_rows(response) if "private" in r["data-name"]]
    assert [(r["data-part"], r["data-name"]) for r in kept] == (
        [("more", row)] if row else []
    )
    assert sum(Decimal(r["data-points"]) for r in kept) == sum(
        Decimal(r["data-points"]) for r in of_kind
    )
    assert response.context["page"].parts == whole.context["page"].parts


def test_nothing_names_a_kept_artist(pair: list[User], sign_in: SignIn) -> None:
    """No name, rank, count or track; also not of what only one of the two has."""
    ada, ben, _ = pair
    show(ben, artists=ONLY_ME)
    response = explained(sign_in(ada))
    html = response.content.decode()
    names = ("Grouper", "Portishead", "Sade", "Low", "Can", "song", "data-my-rank")
    assert not [name for name in names if f">{name}<" in html or f'"{name}' in html]
    assert "Which artists you share stays private." in html
    assert "Ben does not show you their artists." in html
    assert "artists in common" not in words_of(response)
    assert "Ranks:" not in html


def test_it_is_said_whose_choice_it_is(pair: list[User], sign_in: SignIn) -> None:
    ada, ben, _ = pair
    show(ada, genres=ONLY_ME, audio=CONNECTIONS)
    show(ben, genres=ONLY_ME, recent=CONNECTIONS)
    mine = words_of(explained(sign_in(ada)))
    assert (
        "You do not show Ben your genres and sound, so you do not see theirs." in mine
    )
    assert "Ben does not show you their recent listens." in mine
    make_connection(ada, ben)
    mine = words_of(explained(sign_in(ada)))
    assert "You do not show Ben your genres, so you do not see theirs." in mine
    assert "does not show you" not in mine


def test_gaps_of_what_is_kept_are_not_told(pair: list[User], sign_in: SignIn) -> None:
    ada, ben, _ = pair
    make_taste(ben, ["Unheard", "Unheard too"])
    before = words_of(explained(sign_in(ada)))
    assert "No data on how the music sounds for Ben" in before
    assert "Only 2 artists known of Ben" in before
    assert "No recent listens of Ben" in before
    show(ben, artists=ONLY_ME, genres=ONLY_ME, audio=ONLY_ME)
    after = words_of(explained(sign_in(ada)))
    assert "for Ben" not in after
    assert "known of Ben" not in after
    assert "No recent listens of Ben" not in after
    assert "Only 4 artists known of you" in after


def test_connections_may_see_more(pair: list[User], sign_in: SignIn) -> None:
    ada, ben, cyd = pair
    everything = {section.value: CONNECTIONS for section in Section}
    for person in pair:
        show(person, **everything)
    assert headings(explained(sign_in(ada))) == set()
    make_connection(ada, ben)
    assert headings(explained(sign_in(ada))) == HEADINGS
    assert headings(explained(sign_in(cyd))) == set()


# --- Lists ----------------------------------------------------------------


def row_of(client: Client, path: str = "/matches/") -> tuple[dict[str, str], str]:
    """Marks of Ben's row, and the row itself."""
    response = client.get(path)
    [row] = [
        m for m in marks(response, "data-person") if m["data-person"] == "ben_near"
    ]
    html = response.content.decode()
    return row, html[html.index('data-person="ben_near"') :].split("</li>")[0]


ON_THE_BOARD: dict[str, tuple[str, str]] = {
    "country": ("", "Portugal"),
    "artists": ("data-shared-artists", "in common"),
    "genres": ("data-genre-overlap", ""),
    "audio": ("data-audio-affinity", ""),
    "activity": ("", "<time"),
}


@pytest.mark.parametrize("section", ON_THE_BOARD)
@pytest.mark.parametrize("is_mine", [True, False])
def test_a_row_says_what_is_shown(
    pair: list[User], sign_in: SignIn, section: str, is_mine: bool
) -> None:
    ada, ben, _ = pair
    mark, words = ON_THE_BOARD[section]
    row, html = row_of(sign_in(ada))
    assert words in html
    assert all(m in row for m, _ in ON_THE_BOARD.values() if m)
    show(ada if is_mine else ben, **{section: CONNECTIONS})
    row, html = row_of(sign_in(ada))
    assert "data-score" in row
    assert not mark or mark not in row
    assert not words or words not in html
    for other, (others_mark, _) in ON_THE_BOARD.items():
        assert other == section or not others_mark or others_mark in row
    make_connection(ada, ben)
    row, html = row_of(sign_in(ada))
    assert words in html
    assert not mark or mark in row


def test_rows_of_an_artist_hold_to_it(pair: list[User], sign_in: SignIn) -> None:
    ada, ben, _ = pair
    path = f"/artists/{Artist.objects.get(name='Grouper').pk}/"
    _, html = row_of(sign_in(ada), path)
    assert "Portugal" in html
    assert "<time" in html
    show(ben, country=ONLY_ME)
    show(ada, activity=ONLY_ME)
    _, html = row_of(sign_in(ada), path)
    assert "Portugal" not in html
    assert "<time" not in html


@pytest.mark.parametrize("is_mine", [True, False])
def test_kept_artists_find_nobody(
    pair: list[User], sign_in: SignIn, is_mine: bool
) -> None:
    ada, ben, _ = pair
    show(ada if is_mine else ben, artists=CONNECTIONS)
    make_connection(ada, ben)
    client = sign_in(ada)
    page = client.get(f"/artists/{Artist.objects.get(name='Grouper').pk}/")
    assert "ben_near" not in page.content.decode()
    assert ("You keep your artists private" in words_of(page)) is is_mine
    search = client.get("/artists/?q=low").context["search"]
    assert search.found == []
    assert search.showing == (0 if is_mine else 1)


# --- Filters --------------------------------------------------------------

ASKED = {
    "country": "country=PT",
    "genres": "genre=ambient",
    "artists": "min_shared=1",
    "activity": "active_days=90",
}


def found(client: Client, query: str) -> set[str]:
    board = client.get(f"/matches/?{query}").context["board"]
    return {entry.handle for entry in board.entries}


@pytest.mark.parametrize("section", ASKED)
@pytest.mark.parametrize("audience", [CONNECTIONS, ONLY_ME])
def test_a_filter_finds_who_shows_what_it_asks(
    pair: list[User], sign_in: SignIn, section: str, audience: Audience
) -> None:
    ada, ben, _ = pair
    client, query = sign_in(ada), ASKED[section]
    assert found(client, query) == {"ben_near", "cyd_stranger"}
    show(ben, **{section: audience})
    assert found(client, query) == {"cyd_stranger"}
    index_rebuild(now=NOW)
    assert found(client, query) == {"cyd_stranger"}
    # The same score, and found by everything else.
    others = "&".join(asked for of, asked in ASKED.items() if of != section)
    assert found(client, others) == {"ben_near", "cyd_stranger"}
    show(ben, **{section: EVERYONE})
    assert found(client, query) == {"ben_near", "cyd_stranger"}


@pytest.mark.parametrize("section", ASKED)
def test_people_look_by_what_they_show(
    pair: list[User], sign_in: SignIn, section: str
) -> None:
    ada, ben, _ = pair
    User.objects.filter(pk=ben.pk).update(country="DE", last_active_at=None)
    nowhere = {"country": "FR", "genre": "x", "min_shared": "99", "active_days": "1"}
    show(ada, **{section: CONNECTIONS})
    client = sign_in(ada)
    name = ASKED[section].split("=")[0]
    page = client.get(f"/matches/?{name}={nowhere[name]}")
    assert {e.handle for e in page.context["board"].entries} == {
        "ben_near",
        "cyd_stranger",
    }
    assert f'name="{name}"' not in page.content.decode()
    assert "you look for others by what you show" in words_of(page)
    assert page.context["board"].query_string == ""


def test_the_number_that_comes_back_is_true(pair: list[User], sign_in: SignIn) -> None:
    ada, ben, _ = pair
    show(ben, genres=ONLY_ME)
    client = sign_in(ada)
    board = client.get("/matches/?genre=ambient&q=ben").context["board"]
    rows = {row.label: row.count for row in board.loosen}
    assert rows == {"the genre": 1, "the name": 1}
    assert found(client, "q=ben") == {"ben_near"}
    assert found(client, "genre=ambient") == {"cyd_stranger"}


def test_the_index_knows_a_country_only_while_everyone_sees_it(
    pair: list[User],
) -> None:
    ben = pair[1]
    show(ben, country=CONNECTIONS)
    assert Taste.objects.get(pk=ben.pk).country == ""
    show(ben, country=EVERYONE)
    assert Taste.objects.get(pk=ben.pk).country == "PT"


def test_a_board_of_many_who_keep_things_asks_as_little(
    ada: User, sign_in: SignIn
) -> None:
    make_taste(ada, ["Sade"], genres=["ambient"])

    def asked(people: int) -> int:
        for number in range(people):
            person = make_person(f"person_{people}_{number}")
            make_taste(person, ["Sade"], genres=["ambient"])
            show(person, genres=CONNECTIONS, artists=ONLY_ME, activity=ONLY_ME)
            if number < 3:
                make_connection(ada, person)
        index_rebuild(now=NOW)
        client = sign_in(ada)
        client.get("/matches/?genre=ambient")
        with CaptureQueriesContext(connection) as queries:
            client.get("/matches/")
        return len(queries)

    assert asked(3) == asked(30)
