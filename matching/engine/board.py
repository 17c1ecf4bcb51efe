"""Everyone ranked for one viewer."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.engine.arrays import Bools, Counts, Doubles, Whole
from matching.engine.index import View
from matching.engine.segment import score_of, similarities

MASK = 2**64 - 1


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

        Equal S is ordered by a hash of viewer and person: by id, the same person
        would come first with everybody.
        """
        listed = self.similarity > 0
        chosen = np.flatnonzero(listed if mask is None else listed & mask)
        ties = tie_breaks(self.viewer_id, self.person_ids[chosen])
        return chosen[np.lexsort((ties, -self.similarity[chosen]))]


def scan(view: View, viewer_id: int) -> Scan:
    """Compare one person with everyone else in the view.

    Raises UnknownPerson when the viewer is not in it.
    """
    mine, row = view.locate(viewer_id)
    query = mine.segment.rows.take(np.array([row]))
    ids, values, shared = [], [], []
    for layer in view.layers:
        raw, counts = similarities(query, layer.segment, view.statistics)
        kept = layer.visible & (layer.person_ids != viewer_id)
        scaled = raw[0] * (mine.closeness[row] * layer.closeness)
        ids.append(layer.person_ids[kept])
        values.append(scaled[kept])
        shared.append(counts[0][kept])
    similarity = np.concatenate(values)
    return Scan(
        viewer_id,
        np.concatenate(ids),
        similarity,
        np.concatenate(shared),
        score_of(similarity),
    )


def tie_breaks(viewer_id: int, person_ids: Whole) -> npt.NDArray[np.uint64]:
    """Hash each pair to a number: the finaliser of SplitMix64 over both ids."""
    seed = np.uint64(viewer_id * 0x9E3779B97F4A7C15 & MASK)
    mixed = person_ids.astype(np.uint64) * np.uint64(0xD1342543DE82EF95) ^ seed
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
