"""Does the score find people's real friends? Files in, measures out; no database.

data = read_dataset(folder)
outcome = judge(METHODS["product"](data, seed), data, seed=seed, most=30_000)
outcome.figures()["recall@10"]
"""

from matching.evaluation.dataset import FORMAT, Dataset, DatasetError, read_dataset
from matching.evaluation.measures import (
    MEASURES,
    OF_LISTS,
    Figures,
    Interval,
    Outcome,
    Spread,
    judge,
)
from matching.evaluation.methods import METHODS, Scorer

__all__ = [
    "FORMAT",
    "MEASURES",
    "METHODS",
    "OF_LISTS",
    "Dataset",
    "DatasetError",
    "Figures",
    "Interval",
    "Outcome",
    "Scorer",
    "Spread",
    "judge",
    "read_dataset",
]
