"""Finding people by id where they lie in another order."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from matching.engine.arrays import Bools, Codes, Whole
from matching.engine.ragged import find


@dataclass(frozen=True, slots=True)
class Finder:
    """Ids of up to 65,536 rows, ascending, and the row of each: int64[n], uint16[n]."""

    ids: Whole
    rows: Codes

    @classmethod
    def of(cls, person_ids: Whole) -> Self:
        order = np.argsort(person_ids, kind="stable")
        return cls(person_ids[order], order.astype(np.uint16))

    def find(self, person_ids: Whole) -> tuple[Whole, Bools]:
        """The row of each of these people, and which are there."""
        at, known = find(self.ids, person_ids)
        if not len(self.ids):
            return at, known
        return self.rows[at].astype(np.int64), known
