"""See how well the score finds people who really are friends."""

import json
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from matching.evaluation import (
    FORMAT,
    MEASURES,
    METHODS,
    OF_LISTS,
    Dataset,
    DatasetError,
    Figures,
    Outcome,
    judge,
    read_dataset,
)

_WORDS = {
    "auc": "AUC",
    "mrr": "MRR",
    "recall@10": "recall@10",
    "recall@50": "recall@50",
    "recall@100": "recall@100",
    "ndcg@50": "NDCG@50",
    "nobody_top50": "in nobody's top 50",
    "most_listed": "most-listed person",
    "skew": "skew of the lists",
}
# Some minutes for all methods.
_MOST_PAIRS, _FEWEST_DRAWN = 1_000_000_000, 10_000
_Content = dict[str, dict[str, Any]]
_SHARES = ("nobody_top50", "most_listed")
_EXPLANATION = """\
Statistics come from everyone. Candidates with a tie to another are asked for, and the
other candidates are ranked: AUC (equals half), MRR, recall (friends found over friends)
and NDCG are means over the people asked. The last three measures are of the top 50 of
everybody among everybody: the share of people in no list, the share of lists with the
person listed most often, and the skew of how often people are listed. Intervals are the
middle 95 % of a bootstrap over people.

"""


class Command(BaseCommand):
    help = (
        "Rank people by the product's own score and by others, and see how early the"
        " people they have a tie with come. The database is not used.\n\n"
        + _EXPLANATION
        + FORMAT
    )

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(*args, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dir", type=Path, metavar="DIR")
        parser.add_argument(
            "--json", type=Path, metavar="FILE", help="write the figures here too"
        )
        parser.add_argument(
            "--seed", type=int, default=7, help="of chance, drawing and resampling (7)"
        )
        parser.add_argument(
            "--resamples", type=int, default=200, help="of the bootstrap (200); 0: none"
        )
        parser.add_argument(
            "--most",
            type=int,
            help="of more people than this, so many are drawn: as many as make a"
            " billion pairs with everyone, at least 10,000",
        )

    def handle(
        self,
        *,
        dir: Path,
        json: Path | None,
        seed: int,
        resamples: int,
        most: int | None,
        **_: Any,
    ) -> None:
        if min(seed, resamples, 0 if most is None else most - 1) < 0:
            raise CommandError("Give a seed and resamples from 0 up, and most from 1.")
        if json is not None and not json.parent.is_dir():
            raise CommandError(f"{json.parent} is not a folder.")
        try:
            data = read_dataset(dir)
        except DatasetError as error:
            raise CommandError(str(error)) from error
        most = most or max(_FEWEST_DRAWN, _MOST_PAIRS // len(data))
        self._describe(data, most)
        outcomes = self._judge(data, seed, most)
        content = _content(data, outcomes, resamples, seed)
        self._print(content)
        if json is not None:
            _write(json, content)

    def _describe(self, data: Dataset, most: int) -> None:
        ties = sum(map(len, data.ties.values())) // 2
        self.stdout.write(
            f"{len(data)} people, {data.artist_count} artists,"
            f" {len(data.lists.artists)} pairs of the two;"
            f" {len(data.candidates)} candidates with {ties} ties;"
            f" {len(data.asked)} people to ask for."
        )
        if data.unknown_ties:
            self.stdout.write(
                f"{data.unknown_ties} lines of ties name someone who is no candidate"
                " and are left out."
            )
        if len(data) > most:
            self.stdout.write(
                f"At most {most} people are asked for, drawn by the seed."
            )

    def _judge(self, data: Dataset, seed: int, most: int) -> dict[str, Outcome]:
        outcomes = {}
        for name, method in METHODS.items():
            began = time.perf_counter()
            outcomes[name] = judge(method(data, seed), data, seed=seed, most=most)
            took = time.perf_counter() - began
            self.stdout.write(f"{name}: {took:.1f} s")
            self.stdout.flush()
        return outcomes

    def _print(self, content: _Content) -> None:
        figures, intervals = content["methods"], content["intervals"]
        self._row("", list(figures))
        for measure in MEASURES:
            self._figures_row(measure, figures)
            if intervals:
                bounds = [found[measure] for found in intervals.values()]
                self._row("", [_range(measure, low, high) for low, high in bounds])
        if among := content.get("among_candidates"):
            self.stdout.write("Only candidates in the lists of the people asked for:")
            for measure in OF_LISTS:
                self._figures_row(measure, among)

    def _figures_row(self, measure: str, figures: dict[str, Figures]) -> None:
        cells = [_number(measure, found[measure]) for found in figures.values()]
        self._row(_WORDS[measure], cells)

    def _row(self, first: str, cells: list[str]) -> None:
        aligned = "".join(f"{cell:>14}" for cell in cells)
        self.stdout.write(f"{first:18}{aligned}")


def _number(measure: str, value: float) -> str:
    if measure in _SHARES:
        return f"{100 * value:.1f} %"
    return f"{value:.2f}" if measure == "skew" else f"{value:.3f}"


def _range(measure: str, low: float, high: float) -> str:
    return f"{_number(measure, low).removesuffix(' %')}–{_number(measure, high)}"


def _content(
    data: Dataset, outcomes: dict[str, Outcome], resamples: int, seed: int
) -> _Content:
    """Figures and intervals by method, as they are written."""
    content: _Content = {
        "methods": {name: found.figures() for name, found in outcomes.items()},
        "intervals": {},
    }
    if resamples:
        content["intervals"] = {
            name: found.intervals(resamples=resamples, seed=seed)
            for name, found in outcomes.items()
        }
    if data.is_restricted:
        content["among_candidates"] = {
            name: found.candidate_spread.figures() for name, found in outcomes.items()
        }
    return content


def _write(path: Path, content: _Content) -> None:
    try:
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error}.") from error
