"""How a page is judged: axe, and nothing wider than the screen, in both themes."""

import os
import re
from collections.abc import Iterable
from typing import Any

from axe_playwright_python.sync_playwright import Axe

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
# Django's own search field has a picture for a label, with words beside it.
_DJANGOS = {"label-title-only"}
SETTLED = "Promise.allSettled(document.getAnimations().map(a => a.finished))"
# What the pages look like is judged in the first and the last of these.
SCREENS = [(1280, "light"), (390, "light"), (320, "dark")]


def look(tab: Any, paths: Iterable[str]) -> None:
    for path in paths:
        tab.open(path)
        judge(tab, path)


def judge(tab: Any, path: str) -> None:
    """Look at the open page on every screen; each page is loaded once."""
    for width, scheme in SCREENS:
        tab.page.set_viewport_size({"width": width, "height": 900})
        tab.page.emulate_media(color_scheme=scheme)
        # Colours half-way from one theme to the other are nobody's.
        tab.page.evaluate(SETTLED)
        wide = tab.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, (path, width, wide)
        _keep_picture(tab.page, f"{path} {width} {scheme}")
        if width != 390:
            faults = Axe().run(tab.page, options=RULES).response["violations"]
            found = [
                (f["id"], f["impact"], f["help"], [n["target"] for n in f["nodes"]][:3])
                for f in faults
                if not (path.startswith("/admin/") and f["id"] in _DJANGOS)
            ]
            assert not found, (path, width, found)


def _keep_picture(page: Any, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        file = re.sub(r"\W+", "-", name).strip("-")
        page.screenshot(path=f"{folder}/{file}.png", full_page=True)
