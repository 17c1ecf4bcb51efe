"""A builder that never rests."""

from collections import Counter
from random import Random
from time import sleep, time

from django.utils import timezone

from matching.services import BuildRunning, index_compact, index_rebuild

_REBUILDS = 0.3
_PAUSE_SECONDS = 0.3


class Builder:
    """Compacts and rebuilds in turns, as chance has it; several may run at once."""

    def __init__(self, name: str, *, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self._random = Random(f"{seed}:{name}")  # noqa: S311

    def run(self, until: float) -> None:
        while time() < until:
            is_rebuild = self._random.random() < _REBUILDS
            try:
                if is_rebuild:
                    index_rebuild(now=timezone.now())
                else:
                    index_compact()
            except BuildRunning:
                self.done["another was at it"] += 1
            else:
                self.done["rebuilds" if is_rebuild else "compactions"] += 1
            sleep(_PAUSE_SECONDS * self._random.random())
