"""The admin site under the policy of all pages: no browser refuses anything on it.

Pages of the site itself are looked at elsewhere; each of those tests fails on a
violation, too.
"""

from typing import Any

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from accounts.models import User
from tests.factories.threads import make_connection, say
from tests.social.deciding import report

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def _pages() -> list[str]:
    """The list of everything there is, with one of each, and what it can be asked."""
    found = ["/admin/", "/admin/password_change/", "/admin/?nothing=1"]
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found += [reverse(f"{name}_changelist"), reverse(f"{name}_add")]
        row = model._base_manager.first()
        for page in ("change", "delete") if row else ():
            try:
                found.append(reverse(f"{name}_{page}", args=[row.pk]))
            except NoReverseMatch:
                continue
    return found


@pytest.mark.ignore_template_errors
def test_the_admin_site_breaks_no_rule(watched: Any, people: list[User]) -> None:
    root, other = people[:2]
    User.objects.filter(pk=root.pk).update(is_staff=True, is_superuser=True)
    make_connection(root, other)
    say(other, root, "Hello there.")
    report(root, other)
    tab = watched()
    tab.let_in(User.objects.get(pk=root.pk))
    for path in _pages():
        tab.open(path)
        assert tab.page.locator("h1").count(), path


def test_the_scripts_of_the_admin_site_run(watched: Any, people: list[User]) -> None:
    root = people[0]
    User.objects.filter(pk=root.pk).update(is_staff=True, is_superuser=True)
    tab = watched()
    tab.let_in(User.objects.get(pk=root.pk))
    tab.open("/admin/accounts/user/")
    tab.page.check("#action-toggle")
    chosen = tab.page.locator("input.action-select:checked").count()
    assert chosen == len(people)
    tab.page.click(".theme-toggle >> visible=true")
    assert tab.page.locator("html").get_attribute("data-theme")


def test_what_the_policy_refuses_is_heard(watched: Any, people: list[User]) -> None:
    """Else silence would prove nothing."""
    tab = watched()
    tab.open("/about/")
    tab.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p style=color:red>x')"
    )
    tab.page.wait_for_function("true")
    tab.page.wait_for_timeout(200)
    assert any("style-src" in line for line in tab.violations)
    tab.violations.clear()
    tab.console.clear()
