"""Artists that do not count, and artists that are not named: to the last digit."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.services import artists_show, matching_pause, matching_resume
from ingest.models import Artist, MutedArtist, Source
from ingest.services import (
    Listening,
    artist_merge,
    artist_mute,
    artist_split,
    listening_replace,
    source_link,
)
from ingest.sources.base import ArtistItem, AudioItem, ListenItem, TrackItem
from matching import engine
from matching.leaderboard import Filters, leaderboard_for
from matching.models import Taste
from matching.preview import Move, preview_without
from matching.reader import current_view
from matching.services import index_rebuild, refreshes_gathered
from matching.verification import Verification
from social.affinity import cards_between, why_of
from social.services import block_create, connection_request
from tests.conftest import NOW
from tests.factories import make_person, make_taste, make_user
from tests.factories.threads import make_connection
from tests.matching.conftest import SignIn
from tests.matching.marks import explanation_root, marks, receipt_rows, words_of

_SOUND = {
    "energy": 0.5,
    "valence": 0.4,
    "danceability": 0.6,
    "acousticness": 0.3,
    "loudness": -9.0,
}
# No page says it but where somebody's listening is told.
KEPT = "Zyxomma"
GENRES = ("ambient", "drone", "trip hop")


def hear(person: User, names: list[str], *, source: Source = Source.COMMUNITY) -> None:
    """Give a person ranked artists, a track, a listen and a sound of each."""
    items = tuple(ArtistItem(n, genres=(GENRES[len(n) % 3],)) for n in names)
    tracks = tuple(TrackItem(f"{one.name} song", one) for one in items)
    source_link(person_id=person.pk, source=source, now=NOW)
    listening_replace(
        person_id=person.pk,
        source=source,
        listening=Listening(
            artists={"long_term": items, "short_term": items[::-1]},
            tracks={"long_term": tracks},
            listens=tuple(ListenItem(track, NOW) for track in tracks),
            artist_sound={
                one: AudioItem("", tempo=90.0 + 7 * len(one.name), **_SOUND)
                for one in items
            },
        ),
        now=NOW,
    )


MINE = ["Portishead", "Grouper", KEPT, "Sade", "Burial"]
OTHERS = ["Autechre", "Boards", "Coil", "Dial", "Eno", "Fennesz", "Gas", "Harold"]


@pytest.fixture
def people(ada: User, ben: User, cyd: User, dee: User) -> list[User]:
    """Ben and Dee share the kept artist with Ada, Cyd does not; and others."""
    with refreshes_gathered(now=NOW):
        hear(ada, MINE)
        hear(ben, ["Grouper", KEPT, "Low", "Portishead"])
        hear(cyd, ["Sade", "Grouper", "Autechre"])
        hear(dee, [KEPT, "Burial", "Coil"])
        for number, name in enumerate(OTHERS):
            hear(make_person(f"other_{number}"), [MINE[number % 5], name, "Low"])
    for person in (ada, ben, cyd, dee):
        person.refresh_from_db()
        artists_show(person=person)
    index_rebuild(now=NOW)
    return [ada, ben, cyd, dee]


def named(name: str) -> Artist:
    return Artist.objects.get(name=name)


def mute(person: User, name: str = KEPT, **decision: bool) -> None:
    artist_mute(person_id=person.pk, artist_id=named(name).pk, now=NOW, **decision)


def blob(person: User) -> bytes:
    return bytes(Taste.objects.get(pk=person.pk).blob)


def board(person: User) -> list[tuple[str, str]]:
    found = leaderboard_for(person, Filters(), page=None, now=NOW)
    return [(entry.handle, entry.score) for entry in found.entries]


def differences() -> list[str]:
    checks = Verification(sample=20, seed=1).checks()
    return [words for check in checks for words in check.differences]


# --- What does not count --------------------------------------------------


def test_left_out_is_as_if_no_source_had_named_it(people: list[User]) -> None:
    ada, ben, *_ = people
    before, mine, bens = blob(ada), board(ada), board(ben)
    mute(ada, is_counted=False)
    muted, without = blob(ada), (board(ada), board(ben))
    assert muted != before
    assert without != (mine, bens)
    # The same person again, who never heard it.
    twin = make_person("twin_of_ada")
    hear(twin, [name for name in MINE if name != KEPT])
    assert blob(twin) == muted
    twin.delete()
    mute(ada, is_counted=True)
    assert blob(ada) == before
    assert (board(ada), board(ben)) == (mine, bens)


def test_every_list_and_track_is_left_out(people: list[User]) -> None:
    """Whatever source or range it is in, and how it sounds with it."""
    ada = people[0]
    hear(ada, [KEPT], source=Source.DEMO)
    mute(ada, is_counted=False)
    twin = make_person("twin_of_ada")
    hear(twin, [name for name in MINE if name != KEPT])
    assert blob(twin) == blob(ada)
    assert not engine.unpack(blob(ada)).artist_ids.tolist().count(named(KEPT).pk)


def test_it_holds_through_later_imports(people: list[User]) -> None:
    ada = people[0]
    mute(ada, is_counted=False)
    muted = blob(ada)
    hear(ada, MINE)
    assert blob(ada) == muted
    hear(ada, [name for name in MINE if name != KEPT])
    hear(ada, [KEPT, *MINE])
    assert named(KEPT).pk not in engine.unpack(blob(ada)).artist_ids
    assert MutedArtist.objects.filter(person=ada).count() == 1


def test_nothing_left_is_nobody_to_compare(people: list[User]) -> None:
    ada = people[0]
    hear(ada, [KEPT])
    mute(ada, is_counted=False)
    assert not Taste.objects.get(pk=ada.pk).is_visible
    assert leaderboard_for(ada, Filters(), page=None, now=NOW).state == "no_taste"
    mute(ada, is_counted=True)
    assert Taste.objects.get(pk=ada.pk).is_visible


def test_the_index_goes_with_it(people: list[User]) -> None:
    ada, ben, *_ = people
    ids = np.array([named(KEPT).pk], np.uint32)

    def listeners() -> tuple[int, float]:
        """How many have it now, and what it is worth by the frozen counts."""
        view = current_view()
        worth = view.statistics.artist_worth(ids)
        return int(view.listeners(ids)[0]), float(worth[0])

    many, worth = listeners()
    mute(ada, is_counted=False)
    mute(ben, is_shown=False)
    assert differences() == []
    assert listeners() == (many - 1, worth)
    index_rebuild(now=NOW)
    assert differences() == []
    fewer, rarer = listeners()
    assert (fewer, rarer > worth) == (many - 1, True)
    mute(ada, is_counted=True)
    assert differences() == []
    index_rebuild(now=NOW)
    assert listeners() == (many, worth)


def test_a_rule_follows_a_merge_and_a_split_gives_it_back(people: list[User]) -> None:
    ada, staff = people[0], make_user("staff_member")
    kept, sade = named(KEPT).pk, named("Sade").pk
    mute(ada, is_counted=False)
    apart = blob(ada)
    assert sade in engine.unpack(apart).artist_ids
    artist_merge(keep_id=sade, other_ids=[kept], by=staff, now=NOW)
    assert not {sade, kept} & {*engine.unpack(blob(ada)).artist_ids.tolist()}
    artist_split(artist_id=kept, by=staff, now=NOW)
    assert blob(ada) == apart
    mute(ada, is_counted=True)
    mute(ada, "Sade", is_counted=False)
    without_sade = blob(ada)
    artist_merge(keep_id=kept, other_ids=[sade], by=staff, now=NOW)
    assert not {sade, kept} & {*engine.unpack(blob(ada)).artist_ids.tolist()}
    artist_split(artist_id=sade, by=staff, now=NOW)
    assert blob(ada) == without_sade


def test_an_artist_left_out_is_nobodys_news(people: list[User]) -> None:
    """Neither to begin a talk with, nor as what somebody could give them."""
    ada, ben, *_ = people

    def cards() -> list[bool]:
        both = cards_between(ada, ben), cards_between(ben, ada)
        return [any(KEPT in (c.name, c.artist) for c in of_one) for of_one in both]

    assert cards() == [True, True]
    mute(ada, is_counted=False)
    assert cards() == [False, False]


# --- Before it is decided -------------------------------------------------


@pytest.mark.parametrize("name", MINE)
def test_the_preview_is_what_comes_true(people: list[User], name: str) -> None:
    ada, _, _, dee = people
    block_create(blocker=dee, blocked=ada, now=NOW)
    before, kept = board(ada), blob(ada)
    preview = preview_without(ada, named(name).pk)
    assert blob(ada) == kept
    assert board(ada) == before
    mute(ada, name, is_counted=False)
    after = board(ada)
    assert preview.state == "ready"
    moves = {move.handle: move for move in preview.moves}
    assert set(moves) == {handle for handle, _ in (*before[:10], *after[:10])}
    assert "dee_blocked" not in moves
    for at, shown in ((before, "before"), (after, "after")):
        places = {handle: place for place, (handle, _) in enumerate(at, start=1)}
        scores = dict(at)
        for handle, move in moves.items():
            assert getattr(move, f"place_{shown}") == places.get(handle)
            assert getattr(move, f"score_{shown}") == scores.get(handle, "0.0")
    order = [move.handle for move in preview.moves if move.place_after]
    assert order[:10] == [handle for handle, _ in after[:10]]


def test_the_preview_says_it_in_words(people: list[User], sign_in: SignIn) -> None:
    ada = people[0]
    page = sign_in(ada).get(
        "/settings/muted/", {"artist": named(KEPT).pk, "preview": "1"}
    )
    said = words_of(page)
    preview = preview_without(ada, named(KEPT).pk)
    assert f"Without {KEPT}, {preview.sentence}" in said
    assert preview.moved
    assert [move.sentence for move in preview.moved if move.sentence not in said] == []
    rows = [row["data-move"] for row in marks(page, "data-move")]
    assert rows == [move.handle for move in preview.moves]


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (3, 5, "Ben moves from 3 to 5."),
        (4, 4, "Ben stays at 4."),
        (None, 7, "Ben comes in at 7."),
        (2, None, "Ben leaves your list: nothing else connects you."),
    ],
)
def test_a_move_is_a_sentence(
    before: int | None, after: int | None, sentence: str
) -> None:
    assert Move("ben_near", "Ben", before, after, "1.0", "2.0").sentence == sentence


def _paused(ada: User) -> None:
    matching_pause(person=ada, now=NOW)


def _hidden(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_hidden=True)


def _only(ada: User) -> None:
    hear(ada, [KEPT])


def _not_there(ada: User) -> None:
    hear(ada, ["Sade"])


def _muted(ada: User) -> None:
    mute(ada, is_counted=False)


def _nothing(ada: User) -> None:
    listening_replace(
        person_id=ada.pk,
        source=Source.COMMUNITY,
        listening=Listening(artists={}, tracks={}),
        now=NOW,
    )


def _alone(ada: User) -> None:
    User.objects.exclude(pk=ada.pk).delete()


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        (_paused, "away", "You are compared with nobody"),
        (_hidden, "away", "You are compared with nobody"),
        (_only, "empty", "there is nothing to compare"),
        (_not_there, "unchanged", "no part of your taste today"),
        (_muted, "unchanged", "no part of your taste"),
        (_nothing, "no_taste", "no part of your taste today"),
        (_alone, "alone", "Nobody is on your list"),
    ],
)
def test_where_there_is_nothing_to_show(
    people: list[User],
    sign_in: SignIn,
    change: Callable[[User], None],
    state: str,
    words: str,
) -> None:
    ada = people[0]
    change(ada)
    ada = User.objects.get(pk=ada.pk)
    assert preview_without(ada, named(KEPT).pk).state == state
    asked = {"artist": named(KEPT).pk, "preview": "1"}
    MutedArtist.objects.get_or_create(
        person=ada,
        artist=named(KEPT),
        defaults={"is_shown": False, "created_at": NOW},
    )
    assert words in words_of(sign_in(ada).get("/settings/muted/", asked))


def test_without_an_index_it_can_be_decided_all_the_same(
    ada: User, sign_in: SignIn
) -> None:
    make_taste(ada, MINE)
    assert preview_without(ada, named(KEPT).pk).state == "building"
    asked = {"artist": named(KEPT).pk, "preview": "1"}
    page = words_of(sign_in(ada).get("/settings/muted/", asked))
    assert "You can decide all the same." in page
    assert f"Do not count {KEPT}" in page


# --- What is not named ----------------------------------------------------


@dataclass(frozen=True)
class Look:
    """A page on which others meet Ada; ``who`` of them reads the name there."""

    path: str
    who: frozenset[str]


_BOTH, _ALL = frozenset({"ben"}), frozenset({"ben", "cyd"})
LOOKS = [
    Look("/matches/", _BOTH),
    Look("/matches/ada_owner/", _ALL),
    Look("/people/ada_owner/", _ALL),
    Look("/people/ada_owner/connect/", _ALL),
]


def forget(*handles: str) -> None:
    """Let these people never have heard the kept artist."""
    for person in User.objects.filter(handle__in=handles):
        hear(person, ["Grouper", "Low", "Burial", "Coil"])
    index_rebuild(now=NOW)


def found_in(client: Client, path: str) -> bool:
    response = client.get(path, follow=True)
    assert response.status_code == 200
    return KEPT in response.content.decode()


def everywhere() -> list[str]:
    """Everything another person can open about Ada, and about the artist."""
    return [
        *(look.path for look in LOOKS),
        f"/artists/?q={KEPT[:4].lower()}",
        "/connections/",
        "/connections/requests/",
        "/messages/",
        "/messages/ada_owner/",
        "/people/ada_owner/report/",
        "/people/ada_owner/block/",
        "/sources/manual/search/?q=zyxo",
        "/settings/muted/?q=zyxo",
    ]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.path)
def test_what_is_not_shown_is_named_on_no_page(
    people: list[User], sign_in: SignIn, look: Look
) -> None:
    """First that it is there: what is not shown has to have been."""
    ada, ben, cyd, _ = people
    forget("dee_blocked", "other_2", "other_7")
    clients = {"ben": sign_in(ben), "cyd": sign_in(cyd)}
    seen = {who for who, client in clients.items() if found_in(client, look.path)}
    assert seen >= look.who
    mute(ada, is_shown=False)
    # Ben has it too and may read it elsewhere, never where Ada is.
    for client in clients.values():
        assert not found_in(client, look.path)
    mute(ada, is_shown=True)
    assert {w for w, client in clients.items() if found_in(client, look.path)} == seen


@pytest.mark.parametrize("is_connected", [True, False])
@pytest.mark.parametrize("is_counted", [True, False])
def test_a_stranger_and_a_connection_read_it_nowhere(
    people: list[User], sign_in: SignIn, is_connected: bool, is_counted: bool
) -> None:
    ada, _, cyd, _ = people
    forget("ben_near", "dee_blocked", "other_2", "other_7")
    if is_connected:
        make_connection(ada, cyd)
    else:
        connection_request(requester=ada, addressee=cyd, now=NOW)
    client = sign_in(cyd)
    paths = [
        path for path in everywhere() if client.get(path, follow=True).status_code < 400
    ]
    assert any(found_in(client, path) for path in paths)
    mute(ada, is_shown=not is_counted, is_counted=is_counted)
    if is_counted:
        mute(ada, is_shown=False)
    for path in paths:
        assert not found_in(client, path), path
    page = client.get(f"/artists/{named(KEPT).pk}/")
    assert "ada_owner" not in page.content.decode()
    [why] = why_of(cyd, [ada.pk]).values()
    assert KEPT not in (*why.artists, why.sentence)


@pytest.mark.parametrize("owner", [0, 1])
def test_the_row_without_a_name_keeps_the_sum(
    people: list[User], sign_in: SignIn, owner: int
) -> None:
    """From both sides the same numbers, whoever of the two it is."""
    ada, ben, *_ = people
    pages = [
        (sign_in(ada), "/matches/ben_near/"),
        (sign_in(ben), "/matches/ada_owner/"),
    ]
    whole = [client.get(path) for client, path in pages]
    mute(people[owner], is_shown=False)
    for (client, path), before in zip(pages, whole, strict=True):
        page = client.get(path)
        rows = {row["data-name"]: row for row in receipt_rows(page)}
        [was] = [r for r in receipt_rows(before) if r["data-name"] == KEPT]
        kept = rows["An artist kept private"]
        assert kept["data-part"] == "more"
        assert kept["data-points"] == was["data-points"]
        assert "data-my-rank" not in kept
        assert KEPT not in page.content.decode()
        score = explanation_root(page)["data-score"]
        assert score == explanation_root(before)["data-score"]
        assert sum(Decimal(r["data-points"]) for r in rows.values()) == Decimal(score)
        assert page.context["page"].parts == before.context["page"].parts


def test_several_are_one_row_and_not_counted_out(
    people: list[User], sign_in: SignIn
) -> None:
    ada, ben, *_ = people
    whole = sign_in(ben).get("/matches/ada_owner/")
    mute(ada, is_shown=False)
    mute(ben, "Grouper", is_shown=False)
    page = sign_in(ben).get("/matches/ada_owner/")
    rows = {row["data-name"]: Decimal(row["data-points"]) for row in receipt_rows(page)}
    was = {r["data-name"]: Decimal(r["data-points"]) for r in receipt_rows(whole)}
    assert rows["Artists, kept private"] == was[KEPT] + was["Grouper"]
    assert sum(rows.values()) == sum(was.values())
    assert not {KEPT, "Grouper", "An artist kept private"} & rows.keys()
    assert "3 artists in common" in words_of(page)


def test_where_all_that_is_shared_is_kept_it_is_said(
    people: list[User], sign_in: SignIn
) -> None:
    ada, _, _, dee = people
    hear(dee, [KEPT, "Coil"])
    mute(ada, is_shown=False)
    assert "1 artist in common, kept private." in words_of(
        sign_in(dee).get("/matches/ada_owner/")
    )
    [why] = why_of(dee, [ada.pk]).values()
    assert why.sentence == "1 artist in common, kept private."
    assert why.artists == ()


def test_what_is_not_shown_counts_all_the_same(people: list[User]) -> None:
    ada, ben, *_ = people
    before = blob(ada), board(ada), board(ben)
    mute(ada, is_shown=False)
    assert (blob(ada), board(ada), board(ben)) == before


def test_among_those_who_love_it_others_stay(
    people: list[User], sign_in: SignIn
) -> None:
    ada, ben, cyd, _ = people
    path = f"/artists/{named(KEPT).pk}/"
    client = sign_in(cyd)

    def shown() -> set[str]:
        return {entry.handle for entry in client.get(path).context["lovers"].entries}

    assert shown() == {"ada_owner", "ben_near", "dee_blocked"}
    mute(ada, is_shown=False)
    assert shown() == {"ben_near", "dee_blocked"}
    mute(ben, is_counted=False)
    assert shown() == {"dee_blocked"}
    # By the row of it that was merged, too.
    artist_merge(
        keep_id=named("Low").pk,
        other_ids=[named(KEPT).pk],
        by=make_user("staff"),
        now=NOW,
    )
    path = f"/artists/{named('Low').pk}/"
    assert "ada_owner" not in shown()
    assert "ben_near" not in shown()


def test_one_query_more_whoever_muted_what(people: list[User], sign_in: SignIn) -> None:
    ada, ben, *_ = people

    def asked(path: str) -> int:
        client = sign_in(ada)
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        return len(queries)

    paths = ("/matches/", "/matches/ben_near/", "/people/ben_near/")
    before = [asked(path) for path in paths]
    for person in User.objects.filter(joined_at__isnull=False):
        for name in ("Grouper", KEPT, "Low"):
            mute(person, name, is_shown=False)
    assert [asked(path) for path in paths] == before


def test_who_comes_back_from_a_pause_is_as_before(people: list[User]) -> None:
    ada = people[0]
    mute(ada, is_counted=False)
    muted = blob(ada)
    matching_pause(person=ada, now=NOW)
    matching_resume(person=ada, now=NOW)
    assert blob(ada) == muted
