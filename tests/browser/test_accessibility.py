"""Every page, in both themes and widths: axe, and nothing wider than the screen."""

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from accounts import gate
from accounts.models import User
from accounts.services import matching_pause, matching_resume
from ingest.models import Artist, ImportRun, Source, SourceLink
from ingest.services import source_disconnect, source_link
from matching.models import FairnessReport
from tests.conftest import NOW

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = {
    "runOnly": [
        "wcag2a",
        "wcag2aa",
        "wcag21a",
        "wcag21aa",
        "wcag22aa",
        "best-practice",
    ]
}
OPEN = [
    "/",
    "/about/",
    "/about/matching/",
    "/about/privacy/",
    "/styleguide/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/spotify/login/",
    "/accounts/spotify/login/callback/?state=forged&code=x",
    "/no-such-page/",
]
SIGNED_IN = [
    "/matches/",
    "/matches/?min_score=lots&country=NO",
    "/matches/?min_shared=99",
    "/matches/listener_4/",
    "/artists/",
    "/artists/?q=own",
    "/artists/?q=no+such+artist",
    "/people/listener_4/",
    "/people/listener_4/block/",
    "/people/listener_0/",
    "/taste/?range=long_term",
    "/taste/?range=short_term",
    "/taste/recent/",
    "/sources/",
    "/sources/manual/connect/",
    "/sources/community/disconnect/",
    "/settings/profile/",
    "/settings/privacy/",
    "/settings/blocked/",
    "/accounts/password/change/",
    "/accounts/logout/",
]
SCREENS = [(1280, "light"), (390, "dark"), (320, "light")]


def _check(tab: Any, path: str) -> None:
    tab.open(path)
    faults = Axe().run(tab.page, options=RULES).response["violations"]
    serious = [
        (path, f["id"], f["help"], [n["target"] for n in f["nodes"]][:3])
        for f in faults
        if f["impact"] in {"serious", "critical"}
    ]
    assert serious == []
    wide = tab.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0, path


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_open_pages(watched: Any, settings: Any, width: int, scheme: str) -> None:
    settings.DEBUG = True
    tab = watched(width=width, scheme=scheme)
    for path in OPEN:
        _check(tab, path)


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_pages_of_a_person(
    watched: Any, people: list[User], width: int, scheme: str
) -> None:
    tab = watched(width=width, scheme=scheme)
    tab.sign_in(people[0])
    for path in SIGNED_IN:
        _check(tab, path)


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_people_by_artist_and_the_figures(
    watched: Any, people: list[User], width: int, scheme: str
) -> None:
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
    tab = watched(width=width, scheme=scheme)
    tab.sign_in(people[0])
    _check(tab, "/about/matching/")
    tab.open("/artists/?q=port")
    tab.page.click("main .lines a")
    tab.page.wait_for_url("**/artists/*/")
    assert tab.page.locator("[data-person][data-score]").count()
    _check(tab, tab.page.url.removeprefix(tab.site))
    _check(tab, f"/artists/{Artist.objects.get(name='Own 1').pk}/")
    User.objects.exclude(pk=people[0].pk).update(shows_artists=False)
    _check(tab, f"/artists/{Artist.objects.get(name='Portishead').pk}/")


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_pages_before_and_beside_matching(
    watched: Any, people: list[User], width: int, scheme: str
) -> None:
    """A newcomer with nothing, a refused one, someone alone and someone paused."""
    tab = watched(width=width, scheme=scheme)
    tab.sign_in(people[0])
    person = User.objects.get(pk=people[0].pk)
    for path in ("/accounts/email/", "/accounts/reauthenticate/"):
        _check(tab, path)
    link = source_link(person_id=person.pk, source=Source.SPOTIFY, now=NOW)
    link.state = SourceLink.State.NOT_ALLOWED
    link.save()
    for path in ("/sources/", "/sources/spotify/connect/"):
        _check(tab, path)
    matching_pause(person=person, now=NOW)
    for path in ("/matches/", "/matches/listener_4/", "/settings/privacy/"):
        _check(tab, path)
    matching_resume(person=person, now=NOW)
    source_disconnect(person_id=person.pk, source=Source.COMMUNITY, now=NOW)
    for path in ("/matches/", "/matches/listener_4/", "/taste/", "/taste/recent/"):
        _check(tab, path)
    User.objects.filter(pk=person.pk).update(joined_at=None)
    _check(tab, "/welcome/")


@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_every_state_of_an_import(
    watched: Any, people: list[User], width: int, scheme: str
) -> None:
    person = people[0]
    tab = watched(width=width, scheme=scheme)
    tab.sign_in(person)
    source_link(person_id=person.pk, source=Source.SPOTIFY, now=NOW)
    for state in ImportRun.State.values:
        run = ImportRun.objects.create(
            person=person,
            source=Source.SPOTIFY,
            state=state,
            stage_label="Reading",
            reason="Spotify asked this site to slow down." * (state == "waiting"),
            resume_at=NOW + timedelta(hours=2) if state == "waiting" else None,
            total_steps=7,
            done_steps=3,
            queued_at=NOW,
            lease_until=NOW + timedelta(days=9999),
        )
        _check(tab, run.get_absolute_url())
        root = tab.page.locator("[data-run-state]")
        assert root.get_attribute("data-run-state") == state
        run.delete()


def test_a_resting_spotify(watched: Any, people: list[User]) -> None:
    from django.utils import timezone

    source_link(person_id=people[0].pk, source=Source.SPOTIFY, now=NOW)
    gate.close("spotify", now=timezone.now(), retry_after=7200, is_quota=False)
    tab = watched(width=390)
    tab.sign_in(people[0])
    _check(tab, "/sources/")
    row = tab.page.locator("[data-source=spotify]")
    assert row.get_attribute("data-state") == "resting"
    assert "until" in row.inner_text()
