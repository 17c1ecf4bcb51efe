"""The look: words of tags, parts of templates, and the contrast of its colours."""

import itertools
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from musicmatch.templatetags import ui

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TOKENS = Path(__file__).parents[2] / "static" / "css" / "tokens.css"
THEMES = ("light", "dark")

TEXT_PAIRS = [
    *itertools.product(("ink", "ink-soft"), ("paper", "raised", "sunken")),
    *itertools.product(("you", "them", "shared", "bad"), ("paper", "raised")),
    ("paper", "ink"),
    ("paper", "ink-pressed"),
    *((name, f"{name}-wash") for name in ("you", "them", "shared")),
    *((name, f"{name}-wash") for name in ("good", "warn", "bad")),
    *itertools.product(("ink",), ("good-wash", "warn-wash", "bad-wash")),
    *(("on-sleeve", f"sleeve-{n}") for n in range(8)),
]
PART_PAIRS = [
    *itertools.product(("edge", "focus"), ("paper", "raised")),
    *itertools.product(("you", "them", "shared", "shared-mid"), ("paper", "raised")),
    *itertools.product(("you", "shared", "shared-mid"), ("sunken",)),
    ("shared", "shared-wash"),
]


def colours() -> dict[str, tuple[str, str]]:
    text = TOKENS.read_text()
    double = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", text)
    single = re.findall(r"--([\w-]+): (#\w{6});", text)
    return {n: (a, b) for n, a, b in double} | {n: (a, a) for n, a in single}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "back"), TEXT_PAIRS)
def test_text_stands_out_from_its_ground(front: str, back: str, theme: str) -> None:
    index = THEMES.index(theme)
    assert contrast(colours()[front][index], colours()[back][index]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "back"), PART_PAIRS)
def test_parts_stand_out_from_their_ground(front: str, back: str, theme: str) -> None:
    index = THEMES.index(theme)
    assert contrast(colours()[front][index], colours()[back][index]) >= 3


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("name", ["base.css", "components.css", "pages.css"])
def test_colours_are_written_in_tokens_only(name: str) -> None:
    text = (TOKENS.parent / name).read_text()
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgb|\bhsl", text)
    assert set(re.findall(r"var\((--[\w-]+)\)", text)) - {"--tone", "--tone-2"} <= set(
        re.findall(r"^\s+(--[\w-]+):", TOKENS.read_text(), re.MULTILINE)
    )


def test_style_sheets_stay_small() -> None:
    assert sum(path.stat().st_size for path in TOKENS.parent.glob("*.css")) < 48_000


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=-20), "just now"),
        (timedelta(seconds=20), "in a moment"),
        (timedelta(minutes=-1), "1 minute ago"),
        (timedelta(hours=-3), "3 hours ago"),
        (timedelta(hours=2, minutes=59), "in 2 hours"),
        (timedelta(days=-8), "1 week ago"),
        (timedelta(days=-800), "2 years ago"),
    ],
)
def test_time_in_words(distance: timedelta, words: str) -> None:
    assert ui.time_in_words(NOW + distance, NOW) == words


def test_time_tag_carries_the_exact_moment() -> None:
    html = ui.time_tag(NOW)
    assert 'datetime="2026-11-22T12:00:00+00:00"' in html
    assert 'title="22 November 2026, 12:00 UTC"' in html


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ana Lima", "AL"),
        ("ana", "A"),
        ("quiet_otter", "QO"),
        ("(the) band", "TB"),
        ("数原 和", "数和"),
        ("♥", "?"),
        ("", "?"),
        (None, "?"),
    ],
)
def test_initials(name: str | None, letters: str) -> None:
    assert ui.initials(name) == letters


def test_a_name_keeps_its_tone_and_names_spread() -> None:
    tones = [ui.tone(f"person_{n}") for n in range(200)]
    assert tones == [ui.tone(f"person_{n}") for n in range(200)]
    assert set(tones) == {f"tone-{n}" for n in range(ui.TONES)}
    assert ui.tone(None) == ui.tone("")


def test_numbers_for_people() -> None:
    assert ui.points("-0.3") == "−0.3"
    assert ui.points(7) == "7.0"
    assert ui.percent(0.4) == "under 1 %"
    assert ui.percent(0) == "0 %"
    assert ui.percent(33.6) == "34 %"
    assert (ui.at_least(2.5, 3), ui.at_least(4, 3)) == (3, 4)
    assert (ui.at_most(2.5, 3), ui.at_most(4, 3)) == (2.5, 3)


class HandleForm(forms.Form):
    handle = forms.CharField(help_text="Your name here.")
    consent = forms.BooleanField(label="Compare me")
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


def test_field_ties_help_and_errors_to_the_input() -> None:
    html = str(HandleForm({"handle": "", "consent": "on"}))
    assert 'aria-describedby="id_handle_helptext id_handle_error"' in html
    assert 'id="id_handle_helptext"' in html
    assert '<ul class="errors" id="id_handle_error">' in html
    assert html.count('role="alert"') == 1


def test_field_without_errors_alerts_nobody() -> None:
    html = str(HandleForm())
    assert 'role="alert"' not in html
    assert '<label for="id_consent">Compare me</label>' in html
    assert html.count('name="secret"') == 1


def test_errors_of_the_whole_form_are_an_alert() -> None:
    form = HandleForm({"handle": "ana", "consent": "on"})
    form.add_error(None, "These two do not go together.")
    html = str(form)
    assert '<div class="form-errors" role="alert">' in html
    assert "These two do not go together." in html


def test_score_bar_names_its_parts_and_draws_them() -> None:
    parts = [
        {"kind": "artist", "label": "artists", "points": 41.6, "x": 0, "width": 41.6},
        {"kind": "related", "label": "close", "points": -0.4, "x": 41.6, "width": 0},
    ]
    html = render_to_string("_scorebar.html", {"parts": parts})
    assert 'aria-label="artists: 41.6 points; close: −0.4 points"' in html
    assert 'width="41.6%"' in html
    assert "part--related" not in html


def run_part(
    state: str,
    *,
    was: str | None = None,
    template: str = "ingest/_run.html",
    **fields: object,
) -> str:
    """The part of an import, as a page or as what follows after ``was``."""
    headers = {"HX-Request": "true"} if was else {}
    request = RequestFactory().get("/", {"was": was} if was else {}, headers=headers)
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    counts = dict.fromkeys(("artists", "tracks", "genres", "listens"), 0)
    run = SimpleNamespace(
        state=state,
        is_active=state in {"queued", "running", "waiting"},
        source="spotify",
        source_label="Spotify",
        get_absolute_url="/sources/runs/1/",
        **{
            "stage_label": "",
            "reason": "",
            "resume_at": None,
            "finished_at": None,
            "done_steps": 1,
            "total_steps": 7,
            **{f"{name}_count": count for name, count in counts.items()},
            **fields,
        },
    )
    return render_to_string(template, {"run": run}, request)


def test_an_import_is_read_aloud_only_when_its_state_changes() -> None:
    page = run_part("running", template="ingest/_run_live.html")
    assert re.findall(r'id="([\w-]+)" role="status"', page) == ["run-news"]
    assert "aria-live" not in page
    assert "hx-swap-oob" not in run_part("running", was="running")
    assert "hx-swap-oob" not in page
    news = run_part("done", was="running", artists_count=3).split("hx-swap-oob", 1)[1]
    assert "innerHTML:#run-news" in news
    assert "Your listening from Spotify is here." in news


def test_an_import_without_anything_does_not_claim_it_and_names_another_door() -> None:
    empty = run_part("done", reason="Spotify knows no top artists of yours yet.")
    full = run_part("done", artists_count=3)
    door = "/sources/manual/connect/"
    assert "is here" not in empty
    assert "artists found" not in empty
    assert door in empty
    assert "is here" in full
    assert "artists found" in full
    assert door not in full
    assert door in run_part("waiting")
    assert door in run_part("failed")


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "429", "500"])
def test_error_pages_need_no_context(name: str) -> None:
    html = render_to_string(f"{name}.html")
    assert html.count("<h1>") == 1
    assert f"{name[:3]}</p>" in html


def test_tags_are_there_without_loading() -> None:
    template = Template("{{ name|initials }} {{ name|tone }}")
    assert template.render(Context({"name": "Ana Lima"})) == f"AL {ui.tone('Ana Lima')}"


def test_templates_hold_nothing_the_policy_forbids() -> None:
    forbidden = re.compile(
        r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", re.IGNORECASE
    )
    root = TOKENS.parents[2] / "templates"
    # A mail is opened elsewhere, and has no style sheet but its own.
    pages = [p for p in root.rglob("*.html") if p.parent.name != "emails"]
    assert [p.name for p in pages if forbidden.search(p.read_text())] == []
