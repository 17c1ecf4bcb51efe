"""Load a community from plain CSV files."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from matching.fairness import report_make
from matching.services import index_rebuild
from musicmatch.community import (
    NameTaken,
    add_members,
    refuse_taken,
    say_how_to_sign_in,
    with_progress,
)
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
can sign in with that name and the password the command prints. A load that was
stopped goes on where it was when it is started again.
"""


class Command(BaseCommand):
    help = "Load people and their listening from a folder of CSV files.\n\n" + FORMAT

    def create_parser(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(*args, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dir", type=Path, metavar="DIR")

    def handle(self, *, dir: Path, **_: Any) -> None:
        try:
            community = Community.read(dir)
            refuse_taken(community.handles, origin=User.Origin.COMMUNITY)
            names = self._load(community)
        except (CommunityError, NameTaken) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Building the index")
        index_rebuild(now=timezone.now(), waits=True)
        report_make(now=timezone.now())
        self.stdout.write(f"{len(community)} people are here.")
        say_how_to_sign_in(names[0], PASSWORD, out=self.stdout)

    def _load(self, community: Community) -> list[str]:
        here = User.objects.filter(origin=User.Origin.COMMUNITY)
        missing = len(community) - here.filter(username__in=community.handles).count()
        if not missing:
            raise CommandError("All people of this folder are here already.")
        now = timezone.now()
        made = add_members(
            community.members(now),
            origin=User.Origin.COMMUNITY,
            password=PASSWORD,
            now=now,
        )
        return list(with_progress(made, total=missing, what="People", out=self.stdout))
