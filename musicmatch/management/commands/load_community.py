"""Load a community from plain CSV files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from matching.services import index_rebuild
from musicmatch.community import add_members, shared_password, with_progress
from musicmatch.csvfiles import Community, CommunityError

PASSWORD = "listen-along"  # noqa: S105
FORMAT = """\
DIR holds these files, UTF-8 with a header line; other columns are ignored:

  user_artists.csv  user, artist, and rank (1 = the most listened to) or plays;
                    at most 150 artists a person are read
  artists.csv       artist, name; optional: genres (a|b|c), tempo (BPM), energy,
                    valence, danceability, acousticness (0 to 1), loudness (dB)
  people.csv        optional: user, name, country (two letters)

user and artist are any text; the same text is the same person or artist. Each
person becomes a member with the handle listener_<user>. While DEBUG is on they
can sign in with that name and the password the command prints.
"""


class Command(BaseCommand):
    help = "Load people and their listening from a folder of CSV files.\n\n" + FORMAT

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        from argparse import RawDescriptionHelpFormatter

        kwargs["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(*args, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dir", type=Path, metavar="DIR")

    def handle(self, *, dir: Path, **_: Any) -> None:  # noqa: A002
        now = timezone.now()
        try:
            community = Community.read(dir)
        except CommunityError as error:
            raise CommandError(str(error)) from error
        taken = User.objects.filter(origin=User.Origin.COMMUNITY)
        if taken.exists():
            raise CommandError("A community is loaded already.")
        made = add_members(
            community.members(now),
            origin=User.Origin.COMMUNITY,
            password_hash=shared_password(PASSWORD if settings.DEBUG else None),
            now=now,
        )
        shown = with_progress(
            made, total=len(community), what="People", out=self.stdout
        )
        first = [person.username for person in shown][0]
        self.stdout.write("Building the index")
        index_rebuild(now=timezone.now())
        self.stdout.write(f"{len(community)} people are here.")
        if settings.DEBUG:
            self.stdout.write(
                f"Sign in as any of them, for example {first}, with the password"
                f" {PASSWORD}."
            )
