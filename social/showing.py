"""What of a profile is shown to whom: of others people see what they show."""

from accounts.models import Audience, Section, User
from social.models import Connection

# What has to be read of a person to know what they show.
AUDIENCES = tuple(f"{section}_audience" for section in Section)


def shows(owner: User, section: Section, *, to: User, connected: bool) -> bool:
    """Whether a section of ``owner`` is shown: each of the two shows it to the other.

    To oneself everything is.
    """
    if owner.pk == to.pk:
        return True
    return all(opens(one, section, connected=connected) for one in (owner, to))


def opens(person: User, section: Section, *, connected: bool) -> bool:
    """Whether a person shows a section to someone, connected with them or not."""
    audience = person.audience_of(section)
    return audience == Audience.EVERYONE or (
        connected and audience == Audience.CONNECTIONS
    )


def shown_sections(owner: User, *, to: User, connected: bool) -> frozenset[Section]:
    """Return every section of ``owner`` that is shown."""
    return frozenset(
        section
        for section in Section
        if shows(owner, section, to=to, connected=connected)
    )


def connected_ids(viewer: User) -> set[int]:
    """Ids of everyone this viewer is connected with, in one query."""
    return Connection.objects.partners_of(viewer.pk)


def are_connected(viewer: User, person: User) -> bool:
    """Whether these two are connected; nobody is with themselves."""
    pair = Connection.objects.between(viewer.pk, person.pk)
    return viewer.pk != person.pk and pair.accepted().exists()


def stand_in() -> User:
    """Return someone nobody knows, who shows everything: to look at oneself through."""
    return User()
