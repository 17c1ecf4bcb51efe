"""What a person does here, from the first page to the receipt."""

from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import SpotifyGrant, User
from tests.browser.conftest import see_import_done

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _join(page: Page, handle: str) -> None:
    page.fill("[name=handle]", handle)
    page.check("[name=consent]")
    page.click("main form button[type=submit]:has-text('Start matching')")
    page.wait_for_url("**/matches/")


def _receipt_adds_up(page: Page) -> None:
    root = page.locator("[data-page=explanation]")
    points = page.locator("[data-part][data-points]").evaluate_all(
        "rows => rows.map(row => row.dataset.points)"
    )
    total = root.get_attribute("data-score")
    assert points
    assert sum(Decimal(p) for p in points) == Decimal(str(total))


@pytest.mark.parametrize("js", [True, False], ids=["js", "no-js"])
@pytest.mark.parametrize("width", [1280, 390])
def test_sign_in_import_join_and_read_why(
    watched: Any, people: list[User], js: bool, width: int
) -> None:
    tab = watched(js=js, width=width)
    page = tab.page
    tab.open("/")
    page.locator("button:has-text('Spotify')").first.click()
    page.click("[data-listener=marisol]")
    page.wait_for_url("**/welcome/")
    see_import_done(page, js=js)
    expect(page.locator("[name=handle]")).not_to_have_value("")

    page.fill("[name=handle]", "Admin")
    page.check("[name=consent]")
    page.click("main form button[type=submit]:has-text('Start matching')")
    expect(page.locator("[role=alert], [aria-describedby]").first).to_be_visible()
    assert "kept for the site itself" in page.inner_text("main")

    _join(page, "new_listener")
    person = User.objects.get(handle="new_listener")
    assert SpotifyGrant.objects.get(person=person).access_token
    assert person.top_artists.count() > 100


def test_from_the_board_to_the_receipt(watched: Any, people: list[User]) -> None:
    tab = watched()
    page = tab.page
    tab.sign_in(people[0])
    first = page.locator("[data-person]").first
    handle, score = (first.get_attribute(f"data-{x}") for x in ("person", "score"))
    page.click(f"[data-person={handle}] a[href='/matches/{handle}/']")
    root = page.locator("[data-page=explanation]")
    expect(root).to_have_attribute("data-person", str(handle))
    expect(root).to_have_attribute("data-score", str(score))
    _receipt_adds_up(page)
    assert page.locator("[data-part=artist][data-my-rank][data-their-rank]").count()


def test_filters_live_in_the_address(watched: Any, people: list[User]) -> None:
    tab = watched()
    page = tab.page
    tab.sign_in(people[0])
    everyone = page.locator("[data-person]").count()
    page.click("summary:has-text('Filter')")
    page.select_option("[name=country]", "NO")
    page.click("main form button[type=submit]")
    assert "country=NO" in page.url
    norwegians = page.locator("[data-person]").count()
    assert 0 < norwegians < everyone

    tab.open("/matches/?country=NO&min_shared=99")
    assert page.locator("[data-person]").count() == 0
    page.locator("main a[href*='country=NO']").first.click()
    assert page.locator("[data-person]").count() == norwegians

    tab.open("/matches/?min_score=lots")
    assert page.locator("[data-person]").count() == everyone
    assert page.locator("[role=alert]").count()


def test_an_account_of_ones_own_and_artists_by_hand(
    watched: Any, people: list[User]
) -> None:
    tab = watched(width=390)
    page = tab.page
    tab.open("/accounts/signup/")
    page.fill("[name=username]", "Local.Person")
    page.fill("[name=password1]", "seven bright kettles")
    page.fill("[name=password2]", "seven bright kettles")
    page.press("[name=password2]", "Enter")
    page.wait_for_url("**/welcome/")
    tab.open("/sources/manual/connect/")
    page.fill("[name=artists]", "Portishead\nGrouper")
    page.click("button:has-text('Save my artists')")
    expect(page.locator("main")).to_contain_text("at least 5")
    assert "Grouper" in page.input_value("[name=artists]")
    page.fill("[name=artists]", "Portishead\nGrouper\nSade\nBurial\nCan")
    page.click("button:has-text('Save my artists')")
    page.wait_for_url("**/welcome/")
    _join(page, "local_person")
    assert page.locator("[data-person]").count() > 0


def test_a_block_hides_both_and_can_be_taken_back(
    watched: Any, people: list[User]
) -> None:
    one, other = people[0], people[4]
    mine, theirs = watched(), watched()
    mine.sign_in(one)
    theirs.sign_in(other)
    mine.open(f"/people/{other.handle}/")
    mine.page.click("text=/^Block/")
    mine.page.click("main form button[type=submit]")
    mine.page.wait_for_url("**/settings/blocked/")
    theirs.open(f"/people/{one.handle}/")
    assert theirs.page.title().startswith("Not found") or "404" in theirs.page.content()
    theirs.open("/matches/")
    assert theirs.page.locator(f"[data-person={one.handle}]").count() == 0
    mine.page.click("button:has-text('Unblock')")
    theirs.open("/matches/")
    assert theirs.page.locator(f"[data-person={one.handle}]").count() == 1


def test_refused_at_spotify_there_are_other_doors(
    watched: Any, people: list[User]
) -> None:
    tab = watched()
    page = tab.page
    for choice, words in (
        ("[data-cancel]", "said no"),
        ("[data-listener=outsider]", "not on that list"),
    ):
        tab.open("/")
        page.locator("button:has-text('Spotify')").first.click()
        page.click(choice)
        page.wait_for_url("**/accounts/**")
        assert words in page.inner_text("main")
        assert page.locator("main a[href*='/accounts/signup/']").count()


def test_the_board_by_keyboard(watched: Any, people: list[User]) -> None:
    tab = watched()
    page = tab.page
    tab.sign_in(people[0])
    tab.open("/matches/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    for _ in range(12):
        page.keyboard.press("Tab")
        href = page.evaluate("document.activeElement.getAttribute('href')") or ""
        if href.startswith("/matches/") and len(href) > len("/matches/"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("[data-page=explanation]")).to_be_visible()
