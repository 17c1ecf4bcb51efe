"""Who may see whom. Every list, page and count about other people starts here."""

from django.http import Http404

from accounts import handles
from accounts.models import PersonQuerySet, User
from social.models import Block


def people_visible_to(viewer: User) -> PersonQuerySet:
    """Return everyone this viewer may know of, oneself included while joined.

    Joined, not paused, active, and not blocked in either direction.
    """
    mine = Block.objects.filter(blocker=viewer).values("blocked")
    theirs = Block.objects.filter(blocked=viewer).values("blocker")
    people: PersonQuerySet = User.objects.discoverable()
    return people.exclude(pk__in=mine).exclude(pk__in=theirs)


def get_person_or_404(viewer: User, handle: str) -> User:
    """Return a person by handle; missing and hidden are one and the same 404."""
    wanted = handles.normalise(handle)
    if wanted == viewer.handle:
        return viewer
    person = people_visible_to(viewer).filter(handle=wanted).first()
    if person is None:
        raise Http404
    return person
