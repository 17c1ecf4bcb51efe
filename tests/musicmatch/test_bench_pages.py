"""The measuring itself: what it counts, and that it says when a limit is broken."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from musicmatch import page_bench
from musicmatch.management.commands.bench_pages import _Bench, _part_of
from musicmatch.page_bench import Pace, Weight


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ('<script src="https://cdn.example/x.js">', ["https://cdn.example/x.js"]),
        ("<img alt=\"\" src='//pics.example/1'>", ["//pics.example/1"]),
        ('<link rel="stylesheet" href="http://a.example/c.css">', 1),
        ("@import 'https://fonts.example/f';", ["https://fonts.example/f"]),
        ("a { background: url(https://x.example/i.png) }", 1),
        ('<a href="https://elsewhere.example/">a link asks nothing</a>', []),
        ('<script src="/static/x.js"></script><img src="data:,">', []),
        ('<svg xmlns="http://www.w3.org/2000/svg">', []),
    ],
)
def test_only_what_a_page_asks_of_others_counts(text: str, hosts: Any) -> None:
    found = page_bench._other_hosts([text])
    assert (len(found) if isinstance(hosts, int) else found) == hosts


def test_a_page_weighs_its_parts(client: Client, db: None, settings: Any) -> None:
    static = Path(settings.STATIC_ROOT)
    for name in ("tokens", "base", "components", "pages"):
        file = static / "css" / f"{name}.css"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"/* {name} */")
        file.with_name(f"{name}.css.gz").write_bytes(b"x" * 100)
    weight = page_bench.weigh(client, "/about/")
    assert 400 <= weight.assets < 500
    assert 500 < weight.html < 5000
    assert weight.total == weight.html + weight.assets
    assert weight.other_hosts == ()


def test_the_bare_page_has_the_size_it_is_asked_for(
    client: Client, ada: User, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.ROOT_URLCONF = page_bench.__name__
    with django_assert_num_queries(1):
        response = client.get("/bare/?size=40000")
    assert 0.85 < len(response.content) / 40_000 < 1.15


@pytest.fixture
def bench(monkeypatch: Any) -> _Bench:
    class Said:
        stdout = StringIO()

    return _Bench(Said(), 2000, None)  # type: ignore[arg-type]


def test_each_limit_is_kept_or_named(bench: _Bench, monkeypatch: Any) -> None:
    bench._compare_queries({"leaderboard": 7}, {"leaderboard": 7})
    bench._weigh_one("/", Weight(20_000, 41_440, ()))
    assert bench.broken == []
    bench._compare_queries({"leaderboard": 7}, {"leaderboard": 8})
    bench._compare_queries({"explanation": 13}, {"explanation": 13})
    bench._weigh_one("/", Weight(20_000, 41_441, ()))
    bench._weigh_one("/about/", Weight(1, 1, ("//cdn.example",)))
    assert bench.broken == [
        "queries of the leaderboard",
        "queries of the explanation",
        "weight of /",
        "/about/ asks //cdn.example",
    ]


@pytest.mark.parametrize(("milliseconds", "broken"), [(14.9, 0), (15.1, 2)])
def test_a_slow_page_is_named(
    bench: _Bench, monkeypatch: Any, milliseconds: float, broken: int
) -> None:
    monkeypatch.setattr(page_bench, "viewers", lambda count: [])
    pace = Pace(first=20.0, page=milliseconds, bare=3.0, size=40_000)
    monkeypatch.setattr(page_bench, "pace", lambda clients, url_of: pace)
    bench._compare_pace()
    assert len(bench.broken) == broken


def test_a_part_of_a_community_has_its_first_people(tmp_path: Path) -> None:
    whole, part = tmp_path / "whole", tmp_path / "part"
    whole.mkdir()
    part.mkdir()
    (whole / "artists.csv").write_text("artist,name\n1,Sade\n")
    (whole / "user_artists.csv").write_text("user,artist,rank\na,1,1\nb,1,1\na,2,2\n")
    _part_of(whole, part, 1)
    assert (part / "artists.csv").read_text() == "artist,name\n1,Sade\n"
    lines = (part / "user_artists.csv").read_text().splitlines()
    assert lines == ["user,artist,rank", "a,1,1", "a,2,2"]


def test_too_few_people_fill_no_page(db: None) -> None:
    with pytest.raises(CommandError, match="at least 400"):
        call_command("bench_pages", people=399)
