"""Who may see whom. Every list, page and count about other people starts here."""

from django.db.models import BooleanField, OuterRef, Q, Subquery, Value
from django.http import Http404

from accounts import handles
from accounts.models import PersonQuerySet, User
from social.models import Block, Connection


def people_visible_to(viewer: User) -> PersonQuerySet:
    """Return everyone this viewer may know of, oneself included while present.

    Joined, not paused or suspended, active, and not blocked in either direction; of
    two people one of whom is hidden, only the connected. Whoever sees is seen.
    """
    if not viewer.is_present:
        return _nobody()
    people = _unblocked(User.objects.present(), viewer)
    close = _connected_with(viewer) | Q(pk=viewer.pk)
    return people.filter(close if viewer.is_hidden else close | Q(is_hidden=False))


def is_visible_to(viewer: User, who: str) -> Subquery:
    """Whether ``people_visible_to`` holds whom a row names in ``who``, for a filter.

    A scalar subquery and not EXISTS: Postgres turns that into a join, and reads
    everybody for the few rows of one person.
    """
    seen = people_visible_to(viewer).filter(pk=OuterRef(who)).order_by()
    yes = Value(True, output_field=BooleanField())
    return Subquery(seen.values_list(yes), output_field=BooleanField())


def people_found_by(viewer: User) -> PersonQuerySet:
    """Return everyone this viewer may come across in a search, oneself included.

    Those who are hidden are found by nobody, and find nobody: the people connected
    with them know their address.
    """
    if not viewer.is_discoverable:
        return _nobody()
    return _unblocked(User.objects.discoverable(), viewer)


def is_there_for(person: User, *, connected: bool) -> bool:
    """Whether someone nobody blocked finds this person, connected with them or not."""
    return person.is_present and (connected or not person.is_hidden)


def get_person_or_404(viewer: User, handle: str) -> User:
    """Return a person by handle; missing and hidden are one and the same 404."""
    wanted = handles.normalise(handle)
    if wanted == viewer.handle:
        return viewer
    person = people_visible_to(viewer).filter(handle=wanted).first()
    if person is None:
        raise Http404
    return person


def _nobody() -> PersonQuerySet:
    people: PersonQuerySet = User.objects.none()
    return people


def _unblocked(people: PersonQuerySet, viewer: User) -> PersonQuerySet:
    mine = Block.objects.filter(blocker=viewer).values("blocked")
    theirs = Block.objects.filter(blocked=viewer).values("blocker")
    return people.exclude(pk__in=mine).exclude(pk__in=theirs)


def _connected_with(viewer: User) -> Q:
    held = Connection.objects.accepted()
    asked = held.filter(requester=viewer).values("addressee")
    answered = held.filter(addressee=viewer).values("requester")
    return Q(pk__in=asked) | Q(pk__in=answered)
