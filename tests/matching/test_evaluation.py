"""manage.py evaluate_matching: figures of made-up friends, and of real ones."""

import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from matching.evaluation import MEASURES, METHODS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve scenes of five friends; a scene shares artists nobody else has."""
    rows, ties = ["user,artist,rank"], ["user_a,user_b"]
    for person in range(60):
        scene = person // 5
        others = [f"of {person}", "known to all"]
        for rank, artist in enumerate([f"scene {scene}", *others], start=1):
            rows.append(f"p{person},{artist},{rank}")
        ties += [f"p{person},p{mate}" for mate in range(person + 1, scene * 5 + 5)]
    (tmp_path / "user_artists.csv").write_text("\n".join(rows))
    (tmp_path / "friends.csv").write_text("\n".join(ties))
    return tmp_path


def evaluate(folder: Path, **options: Any) -> tuple[dict[str, Any], str]:
    out, file = StringIO(), folder.parent / "figures.json"
    call_command("evaluate_matching", str(folder), json=file, stdout=out, **options)
    return json.loads(file.read_text()), out.getvalue()


def test_made_up_friends_are_found(folder: Path) -> None:
    found, said = evaluate(folder, resamples=20)
    assert set(found) == {"methods", "intervals"}
    assert list(found["methods"]) == list(METHODS)
    for name in ("product", "predecessor", "jaccard", "tfidf"):
        figures = found["methods"][name]
        assert list(figures) == list(MEASURES)
        for measure in ("auc", "mrr", "recall@10", "recall@100", "ndcg@50"):
            assert figures[measure] == pytest.approx(1)
        assert found["intervals"][name]["mrr"] == [1, 1]
    assert 0.3 < found["methods"]["random"]["auc"] < 0.7
    assert found["methods"]["popularity"]["most_listed"] > 0.9
    assert "60 people, 73 artists, 180 pairs of the two; 60 candidates" in said
    assert "recall@100" in said
    assert "candidates in the lists" not in said


def test_the_same_seed_gives_the_same_file(folder: Path) -> None:
    first, _ = evaluate(folder, resamples=5, seed=3)
    assert first == evaluate(folder, resamples=5, seed=3)[0]
    other = evaluate(folder, resamples=5, seed=4)[0]
    assert first["methods"]["random"] != other["methods"]["random"]


def test_a_list_asks_for_its_people_only(folder: Path) -> None:
    listed = ["user", *(f"p{person}" for person in range(0, 60, 2))]
    (folder / "dev_users.csv").write_text("\n".join(listed))
    found, said = evaluate(folder, resamples=0)
    assert found["intervals"] == {}
    assert found["methods"]["product"]["recall@10"] == 1
    assert set(found["among_candidates"]["product"]) == set(MEASURES[-3:])
    assert "30 candidates with 24 ties; 30 people to ask for." in said
    assert "96 lines of ties name someone who is no candidate" in said
    assert "Only candidates in the lists" in said


def test_of_many_people_some_are_drawn(folder: Path) -> None:
    found, said = evaluate(folder, resamples=2, most=20)
    assert "At most 20 people are asked for" in said
    assert found["methods"]["product"]["auc"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"seed": -1}, "Give a seed"),
        ({"resamples": -1}, "resamples from 0 up"),
        ({"most": 0}, "most from 1"),
        ({"json": Path("/nowhere/at/all/x.json")}, "/nowhere/at/all is not a folder."),
    ],
)
def test_options_out_of_bounds_are_refused(
    folder: Path, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("evaluate_matching", str(folder), **options)


def test_unreadable_files_are_named(folder: Path) -> None:
    (folder / "friends.csv").write_text("user_a,user_b\np1\n")
    with pytest.raises(CommandError, match=r"friends\.csv, line 2: a tie needs two"):
        evaluate(folder)


def test_a_file_that_cannot_be_written_is_named(folder: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written"):
        call_command(
            "evaluate_matching",
            str(folder),
            json=folder,
            resamples=0,
            stdout=StringIO(),
        )


def test_real_friends_are_found(tmp_path: Path) -> None:
    """The figures of the score on real people, and its distance to the others'."""
    folder = os.environ.get("MUSICMATCH_DATA", "")
    if not folder:
        pytest.skip("MUSICMATCH_DATA names no folder")
    file = tmp_path / "figures.json"
    call_command("evaluate_matching", folder, json=file, resamples=0, stdout=StringIO())
    methods = json.loads(file.read_text())["methods"]
    product, predecessor = methods["product"], methods["predecessor"]
    for measure, figure in (("auc", 0.856), ("mrr", 0.338), ("recall@50", 0.488)):
        assert product[measure] == pytest.approx(figure, abs=0.012)
    for measure, figure in (("auc", 0.794), ("mrr", 0.254), ("recall@50", 0.351)):
        assert predecessor[measure] == pytest.approx(figure, abs=0.004)
    assert predecessor["recall@10"] == pytest.approx(0.146, abs=0.003)
    assert product["recall@10"] >= 1.5 * predecessor["recall@10"]
    assert product["nobody_top50"] == 0
    assert product["most_listed"] <= 0.07
