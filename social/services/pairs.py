"""One verb between two people at a time."""

from accounts.models import User
from social.visibility import people_visible_to


class NoSuchPerson(Exception):
    """For whoever asked there is no such person."""


def pair_lock(a_id: int, b_id: int) -> dict[int, User]:
    """Hold both people until the transaction ends, and read them as they are now.

    In the order of their ids, so that two verbs never wait for each other. Whoever
    has left is missing.
    """
    rows = User.objects.select_for_update(no_key=True).filter(pk__in=(a_id, b_id))
    return {person.pk: person for person in rows.order_by("pk")}


def visible_pair_lock(viewer_id: int, person_id: int) -> tuple[User, User]:
    """Hold both where the one may know of the other; raises :class:`NoSuchPerson`."""
    people = pair_lock(viewer_id, person_id)
    viewer, person = people.get(viewer_id), people.get(person_id)
    if viewer is None or person is None or viewer_id == person_id:
        raise NoSuchPerson
    if not people_visible_to(viewer).filter(pk=person_id).exists():
        raise NoSuchPerson
    return viewer, person
