"""Everyone compared with one viewer, in arrays: for measuring, not for pages."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from matching.engine.arrays import Bools, Counts, Doubles, Whole
from matching.engine.comparison import Comparison
from matching.engine.hashing import mixed
from matching.engine.index import View
from matching.engine.score import score_of


@dataclass(frozen=True, slots=True)
class Scan:
    """Everyone visible but the viewer, in no useful order; all arrays are aligned.

    person_ids  int64[n]
    similarity  float64[n], S(viewer, person)
    shared      uint16[n], number of shared artists
    score       float64[n], 0..100; 0 where S is not positive
    """

    viewer_id: int
    person_ids: Whole
    similarity: Doubles
    shared: Counts
    score: Doubles

    def __len__(self) -> int:
        return len(self.person_ids)

    def mask_of(self, person_ids: Iterable[int] | Whole) -> Bools:
        """Mark these people: bool[n]."""
        wanted = np.fromiter(person_ids, np.int64)
        return np.isin(self.person_ids, wanted)

    def order(self, mask: Bools | None = None) -> Whole:
        """Positions of the people in the mask with S > 0, closest first: int64[k].

        Equal S is ordered as `Comparison.closest` does.
        """
        listed = self.similarity > 0
        chosen = np.flatnonzero(listed if mask is None else listed & mask)
        ties = mixed(self.viewer_id, self.person_ids[chosen])
        return chosen[np.lexsort((ties, -self.similarity[chosen]))]


def scan(view: View, viewer_id: int) -> Scan:
    """Compare one person with everyone else in the view.

    Raises UnknownPerson when the viewer is not in it.
    """
    comparison = Comparison(view, viewer_id)
    ids, similarity = comparison.everyone()
    return Scan(viewer_id, ids, similarity, comparison.shared(), score_of(similarity))
