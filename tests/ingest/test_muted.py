"""What a person decides about an artist, and the pages on which they do."""

from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from ingest.models import Artist, MutedArtist, TopArtist
from ingest.services import (
    Listening,
    TooManyMuted,
    artist_merge,
    artist_mute,
    artist_split,
    listening_replace,
    muting,
)
from ingest.signals import listening_changed
from ingest.sources.base import ArtistItem, TrackItem
from matching.engine import unpack
from matching.models import Taste
from tests.conftest import NOW, require_or_skip
from tests.factories import make_person, make_taste, make_user
from tests.ingest.conftest import FIVE, text
from tests.threads import in_threads

MUTED, TASTE = "/settings/muted/", "/taste/"


@pytest.fixture
def sade(ada: User) -> Artist:
    """One of Ada's five."""
    make_taste(ada, FIVE)
    return Artist.objects.get(name="Sade")


def mute(person: User, artist: Artist, **decision: bool) -> None:
    artist_mute(person_id=person.pk, artist_id=artist.pk, now=NOW, **decision)


def rules(person: User) -> dict[str, tuple[bool, bool]]:
    found = MutedArtist.objects.filter(person=person)
    columns = ("artist__name", "is_counted", "is_shown")
    return {name: (c, s) for name, c, s in found.values_list(*columns)}


# --- The rule -------------------------------------------------------------


def test_a_rule_says_what_it_takes_away(ada: User, sade: Artist) -> None:
    mute(ada, sade, is_counted=False)
    assert rules(ada) == {"Sade": (False, True)}
    mute(ada, sade, is_shown=False)
    assert rules(ada) == {"Sade": (False, False)}
    mute(ada, sade, is_counted=True)
    assert rules(ada) == {"Sade": (True, False)}
    mute(ada, sade, is_shown=True)
    assert rules(ada) == {}


def test_the_same_twice_is_said_once(ada: User, sade: Artist) -> None:
    heard: list[int] = []

    def listen(person_id: int, **_: Any) -> None:
        heard.append(person_id)

    listening_changed.connect(listen)
    mute(ada, sade, is_counted=False)
    [rule] = MutedArtist.objects.all()
    mute(ada, sade, is_counted=False)
    assert MutedArtist.objects.get() == rule
    assert heard == [ada.pk]
    mute(ada, sade, is_counted=True)
    mute(ada, sade, is_counted=True)
    mute(ada, sade)
    assert heard == [ada.pk] * 2


def test_there_is_no_rule_for_nothing(ada: User, sade: Artist) -> None:
    with pytest.raises(Artist.DoesNotExist):
        artist_mute(person_id=ada.pk, artist_id=10**9, is_shown=False, now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        MutedArtist.objects.create(person=ada, artist=sade, created_at=NOW)


def test_there_is_room_for_so_many(
    ada: User, sade: Artist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(muting, "MOST_MUTED", 2)
    can, burial = (Artist.objects.get(name=name) for name in ("Can", "Burial"))
    mute(ada, sade, is_counted=False)
    mute(ada, can, is_shown=False)
    with pytest.raises(TooManyMuted, match="2 artists"):
        mute(ada, burial, is_counted=False)
    mute(ada, can, is_counted=False)
    assert rules(ada) == {"Sade": (False, True), "Can": (False, False)}
    mute(ada, can, is_counted=True, is_shown=True)
    mute(ada, burial, is_counted=False)
    assert set(rules(ada)) == {"Sade", "Burial"}


def test_a_rule_follows_the_artist_that_stands(
    ada: User, sade: Artist, now: datetime
) -> None:
    staff, can = make_user("staff"), Artist.objects.get(name="Can")
    mute(ada, sade, is_counted=False)
    mute(ada, can, is_shown=False)
    artist_merge(keep_id=can.pk, other_ids=[sade.pk], by=staff, now=now)
    standing = MutedArtist.objects.of([ada.pk]).not_counted().standing()
    assert standing == {ada.pk: {can.pk}}
    every = MutedArtist.objects.of([ada.pk]).every_row()
    assert every == {ada.pk: {can.pk, sade.pk}}
    artist_split(artist_id=sade.pk, by=staff, now=now)
    assert rules(ada) == {"Sade": (False, True), "Can": (True, False)}
    artist_merge(keep_id=can.pk, other_ids=[sade.pk], by=staff, now=now)
    # Taken back by either row, it is taken back of both.
    mute(ada, sade, is_counted=True, is_shown=True)
    assert rules(ada) == {}
    # What is decided of the one that stands was decided of the name that was read.
    mute(ada, sade, is_counted=False)
    assert rules(ada) == {"Can": (False, True)}


def test_a_rule_waits_for_the_next_import(ada: User, sade: Artist) -> None:
    """Also where nobody has the artist, and what nobody has is swept."""
    mute(ada, sade, is_counted=False)
    make_taste(ada, ["Can"])
    call_command("purge_demo", stdout=StringIO())
    assert rules(ada) == {"Sade": (False, True)}
    assert not Artist.objects.filter(name="Burial").exists()
    make_taste(ada, FIVE)
    assert MutedArtist.objects.get().artist == Artist.objects.get(name="Sade")


@pytest.mark.django_db(transaction=True)
def test_presses_at_one_moment_are_one_rule(ada: User) -> None:
    is_server = connection.vendor == "postgresql"
    require_or_skip(is_server, "Postgres, where writers meet,")
    make_taste(ada, FIVE)
    sade = Artist.objects.get(name="Sade")
    in_threads(
        lambda: mute(ada, sade, is_counted=False),
        lambda: mute(ada, sade, is_shown=False),
        lambda: mute(ada, sade, is_counted=False),
        lambda: make_taste(ada, FIVE[::-1]),
    )
    assert rules(ada) == {"Sade": (False, False)}
    taste = unpack(bytes(Taste.objects.get(pk=ada.pk).blob))
    assert len(taste) == 4
    assert sade.pk not in taste.artist_ids


# --- The pages ------------------------------------------------------------


def press(client: Client, artist: Artist, action: str) -> Any:
    return client.post(MUTED, {"artist": artist.pk, "action": action})


def test_it_is_decided_on_a_page_and_taken_back(
    mine: Client, ada: User, sade: Artist
) -> None:
    page = mine.get(MUTED)
    assert "every artist counts" in text(page)
    assert 'aria-current="page">Left out' in page.content.decode()
    asked = mine.get(MUTED, {"artist": sade.pk})
    assert f'href="?artist={sade.pk}&amp;preview=1"' in asked.content.decode()
    before = mine.get(MUTED, {"artist": sade.pk, "preview": "1"})
    assert "Do not count Sade" in text(before)
    assert rules(ada) == {}
    assert press(mine, sade, "leave_out")["Location"] == MUTED
    listed = text(mine.get(MUTED))
    assert "Sade is no part of your taste any more." in listed
    assert "Sade Not counted Count again : Sade" in listed
    press(mine, sade, "hide")
    listed = text(mine.get(MUTED))
    assert "Sade Not counted, not shown Count again : Sade Show again : Sade" in listed
    press(mine, sade, "count")
    assert "Sade Not shown to others Show again : Sade" in text(mine.get(MUTED))
    press(mine, sade, "show")
    press(mine, sade, "show")
    assert rules(ada) == {}


def test_ones_own_taste_goes_on_showing_it(
    mine: Client, ada: User, sade: Artist, now: datetime
) -> None:
    made = ArtistItem("Sade", genres=("soul",)), ArtistItem("Can", genres=("rock",))
    listening_replace(
        person_id=ada.pk,
        source="community",
        listening=Listening(
            artists={"long_term": made},
            tracks={"long_term": (TrackItem("Paradise", made[0]),)},
        ),
        now=now,
    )
    page = mine.get(TASTE)
    assert f'{MUTED}?artist={sade.pk}">Leave out' in page.content.decode()
    assert {genre.name for genre in page.context["genres"]} == {"soul", "rock"}
    mute(ada, sade, is_counted=False)
    page = mine.get(TASTE)
    [shown] = page.context["lists"]
    assert [(a.name, a.rank, a.rule) for a in shown.artists] == [
        ("Sade", 1, "Not counted"),
        ("Can", 2, ""),
    ]
    assert [(t.name, t.rule) for t in shown.tracks] == [("Paradise", "Not counted")]
    assert {genre.name for genre in page.context["genres"]} == {"rock"}
    assert f'{MUTED}?artist={sade.pk}">Change' in page.content.decode()


def test_ones_own_artists_are_found_first(
    mine: Client, ada: User, sade: Artist
) -> None:
    for number in range(3):
        make_taste(make_person(f"fan_{number}"), ["Sade Adu", "Sadefan", "Low"])
    make_taste(make_person("alone"), ["Sadeonly"])
    make_taste(ada, ["Portishead", "Sadefan"], time_range="short_term")

    def names(asked: str) -> list[str]:
        found = mine.get(MUTED, {"q": asked}).context["page"].found
        return [artist.name for artist in found]

    assert names("sade") == ["Sade", "Sadefan", "Sade Adu"]
    assert names("LÖW") == ["Low"]
    assert names("s") == names("") == names("sadeonly") == names("x" * 201) == []
    mute(ada, sade, is_shown=False)
    [first, *_] = mine.get(MUTED, {"q": "sade"}).context["page"].found
    assert first.rule.words == "Not shown to others"


def test_what_few_have_is_as_unknown_as_nothing(
    mine: Client, ada: User, sade: Artist
) -> None:
    make_taste(make_person("alone"), ["Sadeonly"])
    foreign = Artist.objects.get(name="Sadeonly")
    missing = mine.get(MUTED, {"artist": 10**9}).content
    for number in (foreign.pk, "", "x", "-1", "9" * 30, "1\x00"):
        page = mine.get(MUTED, {"artist": number})
        assert page.status_code == 404
        assert page.content == missing
        posted = mine.post(MUTED, {"artist": number, "action": "hide"})
        assert posted.status_code == 404
    assert rules(ada) == {}
    # What one has a rule for stays one's own, whoever has it.
    MutedArtist.objects.create(
        person=ada, artist=foreign, is_shown=False, created_at=NOW
    )
    assert mine.get(MUTED, {"artist": foreign.pk}).status_code == 200


def test_a_press_is_one_of_four(mine: Client, ada: User, sade: Artist) -> None:
    for action in ("", "delete", "<script>"):
        assert press(mine, sade, action).status_code == 400
    assert mine.put(MUTED).status_code == 405
    assert rules(ada) == {}


def test_a_full_list_says_so(
    mine: Client, ada: User, sade: Artist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(muting, "MOST_MUTED", 0)
    page = press(mine, sade, "hide")
    assert page.status_code == 409
    assert "as many as can be kept" in text(page)
    assert 'role="alert"' in page.content.decode()


def test_it_is_only_ones_own(client: Client, ada: User, ben: User) -> None:
    make_taste(ada, FIVE)
    sade = Artist.objects.get(name="Sade")
    mute(ada, sade, is_shown=False)
    assert client.get(MUTED)["Location"].startswith("/accounts/login/")
    assert press(client, sade, "show")["Location"].startswith("/accounts/login/")
    client.force_login(ben)
    assert "Sade" not in text(client.get(MUTED))
    assert press(client, sade, "show").status_code == 404
    assert rules(ada) == {"Sade": (True, False)}


def test_names_are_text(mine: Client, ada: User) -> None:
    make_taste(ada, ["<script>alert(1)</script>", *FIVE])
    odd = Artist.objects.get(name__startswith="<script")
    for page in (
        mine.get(MUTED, {"artist": odd.pk}),
        press(mine, odd, "leave_out"),
        mine.get(MUTED),
        mine.get(MUTED, {"q": "script"}),
        mine.get(TASTE),
    ):
        assert b"<script>alert" not in page.content


def test_queries_do_not_grow(mine: Client, ada: User) -> None:
    counts = []
    for size in (30, 120):
        make_taste(ada, [f"Artist {number:03}" for number in range(size)])
        rows = TopArtist.objects.filter(person=ada).values_list("artist", flat=True)
        for artist in rows:
            MutedArtist.objects.get_or_create(
                person=ada,
                artist_id=artist,
                defaults={"is_shown": False, "created_at": NOW},
            )
        mine.get(MUTED)
        with CaptureQueriesContext(connection) as queries:
            page = mine.get(MUTED, {"q": "artist"})
        counts.append(len(queries))
        assert len(page.context["page_obj"]) == min(size, 50)
    assert counts[0] == counts[1] <= 8
    last = mine.get(MUTED, {"page": "3"}).context["page_obj"]
    assert [artist.name for artist in last][-1] == "Artist 119"


def test_someone_who_has_not_joined_may_decide_too(client: Client, db: None) -> None:
    person = make_user("only_signed_up")
    make_taste(person, FIVE)
    client.force_login(person)
    sade = Artist.objects.get(name="Sade")
    page = text(client.get(MUTED, {"artist": sade.pk, "preview": "1"}))
    assert "You are compared with nobody at this moment" in page
    press(client, sade, "leave_out")
    assert rules(person) == {"Sade": (False, True)}
