"""Show that nothing is left of a source that a person has disconnected."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from accounts.models import User
from ingest.services.residue import Residue, residue_of


class Command(BaseCommand):
    help = (
        "Count, table by table, what each source has of a person: for the connected"
        " ones what is there, for all others that nothing is. Ends with 1 when anything"
        " was left behind."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("person", help="a handle or a user name")

    def handle(self, *, person: str, **_: Any) -> None:
        found = _person(person)
        residues = residue_of(found.pk)
        for residue in residues:
            self._tell(residue)
        left = [r.source.label for r in residues if not r.is_clean]
        if left:
            raise CommandError(f"Left behind of {found}: {', '.join(left)}.")
        self.stdout.write(f"Nothing is left behind of {found}.")

    def _tell(self, residue: Residue) -> None:
        state = "connected" if residue.is_linked else "not connected"
        self.stdout.write(f"{residue.source.label} ({state})")
        for table, count in residue.counts.items():
            is_left = count and not residue.is_clean
            self.stdout.write(f"  {table}: {count}{' – left behind' * bool(is_left)}")


def _person(name: str) -> User:
    people = User.objects.filter(Q(handle=name) | Q(username=name))
    # A handle first: the user name of one may be the handle of another.
    found: list[User] = sorted(people, key=lambda person: person.handle != name)
    if not found:
        raise CommandError(f"Nobody here has the handle or the user name “{name}”.")
    return found[0]
