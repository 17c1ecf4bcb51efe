"""Everyone's taste as the index is built of it."""

from datetime import UTC, datetime

from accounts.models import User
from matching.loaders import stored_tastes
from tests.factories import make_taste

LATE = datetime(2026, 11, 22, 23, 59, 59, 999_999, UTC)
OLD = datetime(1999, 12, 31, 12, 0, 0, 1, UTC)


def test_moments_come_in_whole_seconds(ada: User, ben: User, cyd: User) -> None:
    moments = {ada.pk: LATE, ben.pk: OLD, cyd.pk: None}
    for person in (ada, ben, cyd):
        make_taste(person, ["Portishead"])
        User.objects.filter(pk=person.pk).update(last_active_at=moments[person.pk])
    columns, is_spotify = stored_tastes()
    assert columns.person_ids.tolist() == sorted(moments)
    assert columns.active_at.tolist() == [
        int(at.timestamp()) if at else 0 for _, at in sorted(moments.items())
    ]
    assert len(is_spotify) == 3
