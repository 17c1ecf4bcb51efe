"""Two people in two browsers, and a moderator: from a request to an appeal."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from social.models import Appeal, Connection, Message, Report
from tests.factories import make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SAID = "Have you heard the live record?\nIt is <b>long</b>: https://example.org/live"


@pytest.fixture
def moderator(people: list[User]) -> User:
    person = make_person("the_moderator")
    person.is_staff = True
    person.save()
    person.groups.add(Group.objects.get(name="Moderators"))
    return person


class Walk:
    """One walk through everything, with a picture of each page when asked for."""

    def __init__(self, name: str) -> None:
        folder = os.environ.get("SCREENSHOTS")
        self.folder = Path(folder) if folder else None
        self.name = name

    def seen(self, page: Page, what: str) -> None:
        # A press has led on, and the page it leads to may still be on its way.
        page.wait_for_load_state()
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{what} scrolls sideways by {wide}"
        if self.folder is not None:
            path = self.folder / f"{self.name}-{what}.png"
            page.screenshot(path=str(path), full_page=True)


def _press(page: Page, words: str) -> None:
    page.locator("main, #content").get_by_role("button", name=words).first.click()


def _badge(page: Page, name: str) -> str:
    link = page.locator("header").get_by_role("link", name=name).first
    return link.inner_text()


@pytest.mark.parametrize(
    ("width", "scheme", "js"),
    [(1280, "light", True), (390, "dark", False)],
    ids=["1280-light-js", "390-dark-no-js"],
)
def test_from_a_request_to_an_appeal(
    watched: Any,
    people: list[User],
    moderator: User,
    width: int,
    scheme: str,
    js: bool,
) -> None:
    ada, ben = people[0], people[4]
    walk = Walk(f"people-{width}-{scheme}")
    hers, his = (watched(width=width, scheme=scheme, js=js) for _ in "ab")
    desk = watched(width=1280, scheme=scheme, js=js)
    for tab, person in ((hers, ada), (his, ben), (desk, moderator)):
        tab.let_in(person)

    # She asks from an icebreaker of the explanation.
    hers.open(f"/matches/{ben.handle}/")
    begin = hers.page.locator("[data-suggestion] a, [data-icebreaker] a")
    if begin.count():
        begin.first.click()
    else:
        hers.open(f"/people/{ben.handle}/connect/")
    hers.page.fill("[name=note]", "Portishead, twice this week.")
    walk.seen(hers.page, "1-ask")
    _press(hers.page, f"Ask {ben.shown_name} to connect")
    hers.open("/connections/requests/")
    walk.seen(hers.page, "2-sent")
    expect(hers.page.locator("[data-connection]")).to_have_attribute(
        "data-state", "sent"
    )

    # He sees it in the navigation, and why, and says yes.
    his.open("/matches/")
    walk.seen(his.page, "3-board")
    assert "1" in _badge(his.page, "Connections")
    his.open("/connections/requests/")
    row = his.page.locator("[data-connection]")
    expect(row).to_have_attribute("data-state", "incoming")
    expect(row).to_contain_text("Portishead, twice this week.")
    walk.seen(his.page, "4-incoming")
    _press(his.page, "Accept connection")
    his.open("/connections/")
    expect(his.page.locator("[data-connection]")).to_have_attribute(
        "data-state", "accepted"
    )
    walk.seen(his.page, "5-connections")

    # He keeps her thread open; she writes.
    his.open(f"/messages/{ada.handle}/")
    hers.open(f"/messages/{ben.handle}/")
    walk.seen(hers.page, "6-empty-thread")
    hers.page.fill("[name=body]", SAID)
    _press(hers.page, "Send message")
    expect(hers.page.locator("[data-message]")).to_have_count(1)
    assert hers.page.locator("[data-message] b").count() == 0
    if not js:
        his.page.reload()
    # By polling, when there is JavaScript.
    said = his.page.locator("[data-message]")
    expect(said).to_have_count(1, timeout=20_000)
    expect(said).to_contain_text("<b>long</b>")
    expect(said).to_have_attribute("data-from", ada.handle)
    # She has gone on: a thread that is open reads what comes into it.
    hers.open("/connections/")
    his.page.fill("[name=body]", "Not yet. Tonight.")
    _press(his.page, "Send message")
    expect(said).to_have_count(2)
    hers.open("/messages/")
    walk.seen(hers.page, "7-conversations")
    expect(hers.page.locator("[data-person]").first).to_have_attribute(
        "data-unread", "1"
    )
    hers.open(f"/messages/{ben.handle}/")
    walk.seen(hers.page, "8-thread")
    hers.open("/messages/")
    expect(hers.page.locator("[data-person]").first).to_have_attribute(
        "data-unread", "0"
    )

    # She reports what he wrote, and blocks him: each is gone for the other.
    hers.open(f"/messages/{ben.handle}/")
    hers.page.get_by_role("link", name="Report this message").first.click()
    hers.page.check("[name=reason][value=harassment]")
    hers.page.fill("[name=words]", "He will not stop.")
    walk.seen(hers.page, "9-report")
    _press(hers.page, f"Report {ben.shown_name}")
    walk.seen(hers.page, "10-reported")
    hers.page.get_by_role("link", name=f"Block {ben.shown_name}").first.click()
    walk.seen(hers.page, "11-block")
    _press(hers.page, f"Block {ben.shown_name}")
    for tab, other in ((hers, ben), (his, ada)):
        for path in (f"/people/{other.handle}/", f"/messages/{other.handle}/"):
            assert tab.page.goto(tab.site + path).status == 404
        for path in ("/messages/", "/connections/", "/connections/requests/"):
            tab.open(path)
            assert other.handle not in tab.page.content().replace(
                f"{other.handle} is blocked", ""
            )

    # The moderator finds the case and decides it.
    desk.open("/admin/social/report/")
    walk.seen(desk.page, "12-queue")
    report = Report.objects.get()
    desk.open(f"/admin/social/report/{report.pk}/change/")
    expect(desk.page.locator("#content")).to_contain_text("Not yet. Tonight.")
    expect(desk.page.locator("#content")).not_to_contain_text("live record")
    desk.page.check("[name=verb][value=suspend]")
    until = timezone.now() + timedelta(days=7)
    desk.page.fill("[name=until]", until.strftime("%Y-%m-%dT%H:%M"))
    desk.page.select_option("[name=rule]", "respect")
    desk.page.fill("[name=facts]", "One message in a thread.")
    desk.page.fill("[name=reason]", "It was unwanted.")
    walk.seen(desk.page, "13-case")
    _press(desk.page, f"Decide case {report.pk}")
    report.refresh_from_db()
    assert report.state == "decided"

    # He reads why, and can do nothing else but answer once.
    his.open("/matches/")
    assert his.page.url.endswith("/notices/")
    walk.seen(his.page, "14-suspended")
    his.page.locator("[data-notice] a").first.click()
    expect(his.page.locator("main")).to_contain_text("It was unwanted.")
    expect(his.page.locator("main")).not_to_contain_text(ada.handle)
    his.page.fill("[name=words]", "It was one line.")
    walk.seen(his.page, "15-appeal")
    _press(his.page, "Send appeal")
    walk.seen(his.page, "16-appealed")
    hers.open("/notices/")
    expect(hers.page.locator("[data-notice]")).to_have_count(1)
    walk.seen(hers.page, "17-reporter")

    # Taken back, he is here again; she still has him blocked.
    appeal = Appeal.objects.get()
    desk.open(f"/admin/social/appeal/{appeal.pk}/change/")
    desk.page.check("[name=outcome][value=overturn]")
    desk.page.fill("[name=reason]", "One line is no harassment.")
    walk.seen(desk.page, "18-appeal-desk")
    desk.page.locator("#content input[type=submit]").first.click()
    appeal.refresh_from_db()
    assert appeal.state == "overturned"
    his.open("/matches/")
    assert his.page.url.endswith("/matches/")
    assert his.page.goto(f"{his.site}/people/{ada.handle}/").status == 404
    assert Connection.objects.get().state == "removed"
    assert Message.objects.count() == 2
