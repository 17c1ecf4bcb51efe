"""Everyone one person may know of, compared with them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from matching import engine, words
from social.models import Block

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Crowd:
    """A scan, and which of its people exist for the viewer: bool[n].

    People blocked in either direction are not counted in anything.
    """

    view: engine.View
    scan: engine.Scan
    known: Mask

    @classmethod
    def around(cls, view: engine.View, viewer_id: int) -> Self:
        """Compare a viewer with everyone; raises ``engine.UnknownPerson``."""
        scan = engine.scan(view, viewer_id)
        hidden = Block.objects.hidden_from(viewer_id)
        return cls(view, scan, ~scan.mask_of(hidden))

    @property
    def listed(self) -> Mask:
        """Whom the board has without any filter."""
        return self.known & (self.scan.similarity > 0)

    def mask_of(self, person_ids: Iterable[int]) -> Mask:
        return self.scan.mask_of(person_ids)

    def percentile(self, similarity: float) -> str:
        """Say what share of these people is less close to the viewer; "" for none."""
        below = self.known & (self.scan.similarity < similarity)
        return words.percentile(int(below.sum()), int(self.known.sum()))

    def listeners(self, artist_ids: Iterable[int]) -> dict[int, int]:
        """Return how many people have each artist: two of them are looking at it."""
        ids = np.array(sorted(artist_ids), np.uint32)
        counts = np.maximum(self.view.statistics.artists[ids], 2)
        return dict(zip(ids.tolist(), counts.tolist(), strict=True))

    def rare(self, artist_ids: Iterable[int], listeners: dict[int, int]) -> list[int]:
        """Return those of some artists that few here have, in their order."""
        people = len(self.scan)
        return [a for a in artist_ids if words.is_rare(listeners[a], people)]
