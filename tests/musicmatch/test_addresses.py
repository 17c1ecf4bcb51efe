"""No page is forgotten where all of them are looked at."""

from tests.browser.addresses import LOOKED_AT, NO_PAGES, all_routes, routes_of


def test_every_page_is_looked_at_in_a_browser() -> None:
    pages = {route.path for route in all_routes() if not route.is_stock}
    looked_at = routes_of(LOOKED_AT)
    assert pages - looked_at - NO_PAGES.keys() == set()
    assert looked_at & NO_PAGES.keys() == set()


def test_what_is_said_to_be_no_page_is_there() -> None:
    assert NO_PAGES.keys() - {route.path for route in all_routes()} == set()


def test_pages_of_ones_own_in_the_admin_site_count() -> None:
    ours = {r.path for r in all_routes() if r.path.startswith("admin/")}
    ours -= {r.path for r in all_routes() if r.is_stock}
    assert "admin/ingest/sourcelink/operator/" in ours
    assert "admin/ingest/artist/add/" not in ours
