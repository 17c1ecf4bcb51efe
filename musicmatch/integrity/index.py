"""The index: the same people with the same tastes as the database."""

from collections.abc import Iterator
from datetime import datetime

from matching import engine
from matching.models import Taste
from matching.verification import Verification

_SAMPLE, _SEED = 5, 7


def differences(now: datetime) -> Iterator[str]:
    try:
        verification = Verification(sample=_SAMPLE, seed=_SEED)
    except engine.IndexMissing:
        # It is built when the first board is asked for.
        if Taste.objects.filter(is_visible=True).exists():
            yield "there is no index, and there are people for one"
        return
    except engine.IndexCorrupt as error:
        yield f"the index cannot be read: {error}"
        return
    for check in verification.checks():
        for difference in check.differences:
            yield f"{check.what}: {difference}"
