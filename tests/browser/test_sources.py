"""Every door in a browser, against its stand-in: in, off, on and out again."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from ingest.models import Source
from musicmatch.standins.listenbrainz.accounts import all_accounts
from musicmatch.standins.together import Together
from tests.browser.conftest import see_import_done

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HARROWGATE = all_accounts()["harrowgate"]


def row(page: Page, source: str) -> Any:
    return page.locator(f"[data-source={source}]")


def off_on_and_out(tab: Any, source: Source) -> None:
    """Switch a source off and on, and disconnect it."""
    page, mine = tab.page, row(tab.page, source)
    tab.open("/sources/")
    expect(mine).to_have_attribute("data-state", "connected")
    page.click(f"button:has-text('Switch {source.label} off')")
    expect(mine).to_have_attribute("data-used", "no")
    page.click(f"button:has-text('Switch {source.label} on')")
    expect(mine).to_have_attribute("data-state", "connected")
    mine.get_by_role("link", name="Disconnect").click()
    page.click("main form button[type=submit]")
    page.wait_for_url("**/sources/")
    expect(mine).to_have_attribute("data-state", "off")
    assert "is disconnected. Deleted:" in page.inner_text("body")


@pytest.mark.parametrize("js", [True, False], ids=["js", "no-js"])
def test_a_name_and_its_proof(
    watched: Any, people: list[User], doors: Together, js: bool
) -> None:
    tab = watched(js=js)
    page = tab.page
    tab.sign_in(people[0])
    tab.open("/sources/")
    row(page, "listenbrainz").get_by_role("link", name="Connect").click()
    page.fill("[name=user_name]", "marisol_q")
    page.fill("[name=token]", HARROWGATE.token)
    page.click("main form button[type=submit]")
    assert "This token belongs to “harrowgate”" in page.inner_text("main")
    assert page.input_value("[name=token]") == ""
    assert page.input_value("[name=user_name]") == "marisol_q"
    page.fill("[name=user_name]", "harrowgate")
    page.fill("[name=token]", HARROWGATE.token)
    page.click("main form button[type=submit]")
    page.wait_for_url("**/sources/runs/**")
    see_import_done(page, js=js)
    assert people[0].top_artists.filter(source="listenbrainz").count() > 50
    off_on_and_out(tab, Source.LISTENBRAINZ)


@pytest.mark.parametrize("js", [True, False], ids=["js", "no-js"])
def test_a_consent(watched: Any, people: list[User], doors: Together, js: bool) -> None:
    tab = watched(js=js, width=390)
    page = tab.page
    tab.sign_in(people[0])
    tab.open("/sources/")
    page.click("button:has-text('Connect Last.fm')")
    page.click("[data-cancel]")
    page.wait_for_url("**/sources/lastfm/callback/**")
    assert "You said no at Last.fm" in page.inner_text("main")
    page.click("button:has-text('Connect Last.fm')")
    page.click("[data-listener=WrenField]")
    page.wait_for_url("**/sources/runs/**")
    see_import_done(page, js=js)
    off_on_and_out(tab, Source.LASTFM)


def test_spotify_in_and_out(watched: Any, people: list[User], doors: Together) -> None:
    tab = watched()
    page = tab.page
    tab.sign_in(people[0])
    tab.open("/sources/")
    page.click("button:has-text('Connect Spotify')")
    page.click("[data-listener=marisol]")
    page.wait_for_url("**/sources/**")
    off_on_and_out(tab, Source.SPOTIFY)


@pytest.mark.parametrize("js", [True, False], ids=["js", "no-js"])
def test_artists_by_hand_in_an_order(
    watched: Any, people: list[User], js: bool
) -> None:
    tab = watched(js=js, width=320)
    page = tab.page
    tab.sign_in(people[0])
    tab.open("/sources/manual/connect/")
    page.fill("[name=artists]", "Grouper\nSade\nBurial\nCan")
    if js:
        page.locator("[name=q]").press_sequentially("portis")
    else:
        page.fill("[name=q]", "portis")
        page.press("[name=q]", "Enter")
    page.click("button:has-text('Add Portishead')")
    names = page.locator(".picked .chart__name")
    expect(names).to_have_text(["Grouper", "Sade", "Burial", "Can", "Portishead"])
    page.locator("[name=up]").last.click()
    expect(names).to_have_text(["Grouper", "Sade", "Burial", "Portishead", "Can"])
    page.locator("[name=down]").first.click()
    page.locator("[name=remove]").last.click()
    expect(names).to_have_text(["Sade", "Grouper", "Burial", "Portishead"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.click("button:has-text('Save my artists')")
    expect(page.locator("main")).to_contain_text("at least 5")
    page.fill("[name=artists]", page.input_value("[name=artists]") + "\nLow")
    page.click("button:has-text('Save my artists')")
    page.wait_for_url("**/sources/")
    off_on_and_out(tab, Source.MANUAL)
