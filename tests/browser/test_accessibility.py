"""Every page, in both themes and every width: axe, and nothing wider than the screen.

Which page is looked at where stands in ``addresses``.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import gate
from accounts.models import User
from accounts.services import matching_pause, matching_resume
from ingest.models import Artist, ImportRun, Source, SourceLink
from ingest.services import source_disconnect, source_link
from matching.models import FairnessReport
from musicmatch.standins.together import Together
from tests.browser.addresses import (
    ARTIST,
    DOORS,
    IMPORT,
    JOINED,
    NEWCOMER,
    OPEN,
    OPERATOR,
    PAUSED,
    RESTING,
    RUN,
    WITH_NOTHING,
)
from tests.browser.judging import judge, look
from tests.conftest import NOW
from tests.factories import make_taste
from tests.ingest.conftest import heard

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_open_pages(watched: Any, settings: Any) -> None:
    settings.DEBUG = True
    look(watched(), OPEN)


def test_pages_of_a_person(watched: Any, people: list[User]) -> None:
    """Somebody whom two services tell of, with weeks nothing is known of."""
    me, now = people[0], timezone.now()
    for source in (Source.SPOTIFY, Source.LASTFM):
        source_link(person_id=me.pk, source=source, now=now)
        heard(me, 25, now, source=source, name=f"Played at {source.label}")
    make_taste(me, ["Portishead", "Sade"], source=Source.SPOTIFY, genres=["trip hop"])
    tab = watched()
    tab.let_in(me)
    look(tab, JOINED)


def test_people_by_artist_and_the_figures(watched: Any, people: list[User]) -> None:
    User.objects.update(shows_artists=True)
    FairnessReport.objects.create(
        made_at=NOW,
        people=1_200_000,
        sampled=2000,
        nobody_top20=0.01,
        groups=[{"listeners": 12.5, "best_match": 58.3, "in_top": 19.8}] * 4,
        index_built_at=NOW,
        score_version=1,
    )
    tab = watched()
    tab.let_in(people[0])
    look(tab, ["/about/matching/"])
    tab.open("/artists/?q=port")
    tab.page.click("main .lines a")
    tab.page.wait_for_url("**/artists/*/")
    assert tab.page.locator("[data-person][data-score]").count()
    judge(tab, tab.page.url.removeprefix(tab.site))
    alone = Artist.objects.get(name="Own 1")
    look(tab, [ARTIST.format(artist=alone.pk)])
    User.objects.exclude(pk=people[0].pk).update(shows_artists=False)
    shared = Artist.objects.get(name="Portishead")
    look(tab, [ARTIST.format(artist=shared.pk)])


def test_pages_before_and_beside_matching(watched: Any, people: list[User]) -> None:
    """Someone paused, someone with nothing, and a newcomer without a password."""
    person = User.objects.get(pk=people[0].pk)
    tab = watched()
    tab.let_in(person)
    matching_pause(person=person, now=NOW)
    look(tab, PAUSED)
    matching_resume(person=person, now=NOW)
    source_disconnect(person_id=person.pk, source=Source.COMMUNITY, now=NOW)
    look(tab, WITH_NOTHING)
    person.joined_at = None
    person.set_unusable_password()
    person.save()
    tab.let_in(person)
    source_link(person_id=person.pk, source=Source.SPOTIFY, now=NOW)
    look(tab, NEWCOMER)


def test_the_doors(watched: Any, people: list[User], doors: Together) -> None:
    me = people[0]
    tab = watched()
    tab.let_in(me)
    source_link(person_id=me.pk, source=Source.SPOTIFY, now=NOW)
    SourceLink.objects.filter(source=Source.SPOTIFY).update(state="not_allowed")
    source_link(person_id=me.pk, source=Source.LASTFM, user_name="WrenField", now=NOW)
    look(tab, DOORS)
    SourceLink.objects.filter(source=Source.SPOTIFY).update(state="connected")
    for service in ("spotify", "listenbrainz", "lastfm"):
        gate.close(service, now=timezone.now(), retry_after=900, is_quota=False)
    for path in RESTING:
        look(tab, [path])
        assert "resting" in tab.page.inner_text("main").lower()
    tab.open("/sources/")
    row = tab.page.locator("[data-source=spotify]")
    assert row.get_attribute("data-state") == "resting"
    assert "until" in row.inner_text()


def test_every_state_of_an_import(
    watched: Any, people: list[User], settings: Any
) -> None:
    """The last of them with artists whose genres are still asked for."""
    settings.GENRE_LOOKUP = ["lastfm"]
    settings.LASTFM_API_KEY = "the key"
    person = people[0]
    make_taste(person, ["Portishead", "Nobody in particular"], source=Source.SPOTIFY)
    tab = watched()
    tab.let_in(person)
    for state in [*(s for s in ImportRun.State.values if s != "done"), "done"]:
        ImportRun.objects.all().delete()
        ImportRun.objects.create(
            pk=RUN,
            person=person,
            source=Source.SPOTIFY,
            state=state,
            stage_label="Reading",
            reason="Spotify asked this site to slow down." * (state == "waiting"),
            resume_at=NOW + timedelta(hours=2) if state == "waiting" else None,
            total_steps=7,
            done_steps=3,
            artists_count=2,
            queued_at=NOW,
            finished_at=NOW if state in {"done", "failed"} else None,
            lease_until=NOW + timedelta(days=9999),
        )
        look(tab, [IMPORT])
        root = tab.page.locator("[data-run-state]")
        assert root.get_attribute("data-run-state") == state
    assert "Genres known for 1 of 2 artists. We ask Last.fm" in root.inner_text()


def test_pages_of_the_operator(watched: Any, people: list[User]) -> None:
    me = people[0]
    User.objects.filter(pk=me.pk).update(is_staff=True, is_superuser=True)
    tab = watched()
    tab.let_in(User.objects.get(pk=me.pk))
    look(tab, OPERATOR)
    tab.page.set_viewport_size({"width": 1280, "height": 900})
    tab.open("/admin/ingest/artist/")
    for box in tab.page.locator("input.action-select").all()[:2]:
        box.check()
    tab.page.select_option("select[name=action]", "merge")
    tab.page.click("button[name=index]")
    assert "Merge into one artist" in tab.page.inner_text("h1")
    judge(tab, "/admin/ingest/artist/ merge")
