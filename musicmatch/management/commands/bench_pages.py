"""Measure the leaderboard and the explanation against their limits."""

import csv
import os
import subprocess
import sys
import tempfile
from argparse import SUPPRESS, ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from musicmatch import page_bench
from musicmatch.keys import new_encryption_key, new_secret_key

_MOST_TIMES_BARE = 5.0
_MOST_QUERIES = 12
_MOST_BYTES = 60 * 1024
_VIEWERS = 30
_QUERY_VIEWERS = 5


class Command(BaseCommand):
    help = (
        "Fill a throw-away site with people and measure its main pages: server time"
        " against a bare Django page, queries, bytes of a first visit."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=2000)
        parser.add_argument(
            "--community", type=Path, metavar="DIR", help="as of load_community"
        )
        parser.add_argument("--inside", action="store_true", help=SUPPRESS)

    def handle(
        self, *, people: int, community: Path | None, inside: bool, **_: Any
    ) -> None:
        if inside:
            _Bench(self, people, community).run()
            return
        if people < 400:
            raise CommandError("Give at least 400 people: a tenth has to fill a page.")
        with tempfile.TemporaryDirectory(prefix="musicmatch-bench-") as folder:
            arguments = ["--people", str(people), "--inside"]
            if community is not None:
                arguments += ["--community", str(community.resolve())]
            # A process of its own, because settings are read from its environment.
            code = subprocess.run(  # noqa: S603
                [sys.executable, sys.argv[0], "bench_pages", *arguments],
                env=_environment(folder),
                check=False,
            ).returncode
        if code:
            sys.exit(code)


def _environment(folder: str) -> dict[str, str]:
    """Everything in one folder, and otherwise as a host would run it."""
    gone = {"DATABASE_URL", "REDIS_URL", "STATIC_ROOT", "SPOTIFY_STANDIN"}
    kept = {name: value for name, value in os.environ.items() if name not in gone}
    return kept | {
        "DATA_DIR": folder,
        "DEBUG": "0",
        "SECRET_KEY": new_secret_key(),
        "FIELD_ENCRYPTION_KEYS": new_encryption_key(),
        "SITE_URL": "http://127.0.0.1:8000",
        "ALLOWED_HOSTS": "127.0.0.1",
        "EMAIL_URL": "dummymail://",
        "LOG_LEVEL": "WARNING",
    }


class _Bench:
    """One run inside the throw-away site."""

    def __init__(
        self, command: BaseCommand, people: int, community: Path | None
    ) -> None:
        self.out = command.stdout
        self.people = people
        self.community = community
        self.broken: list[str] = []

    def run(self) -> None:
        settings.ROOT_URLCONF = page_bench.__name__
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        self._fill(self.people // 10)
        few = self._queries()
        self._fill(self.people)
        self._compare_queries(few, self._queries())
        self._compare_pace()
        self._weigh()
        if self.broken:
            raise CommandError("Over the limit: " + "; ".join(self.broken) + ".")

    def _fill(self, people: int) -> None:
        if self.community is None:
            call_command("seed_demo", people=people, stdout=self.out)
            return
        with tempfile.TemporaryDirectory() as folder:
            part = _part_of(self.community, Path(folder), people)
            call_command("load_community", str(part), stdout=self.out)

    # --- Queries ----------------------------------------------------------

    def _queries(self) -> dict[str, int]:
        found = {"leaderboard": 0, "explanation": 0}
        for person in page_bench.viewers(_QUERY_VIEWERS):
            client = page_bench.signed_in(person)
            board = reverse("matching:leaderboard")
            addresses = page_bench.closest_to(client)
            for page, url in (("leaderboard", board), ("explanation", addresses[0])):
                found[page] = max(found[page], page_bench.queries(client, url))
        return found

    def _compare_queries(self, few: dict[str, int], many: dict[str, int]) -> None:
        for page, count in many.items():
            self.out.write(
                f"{page}: {few[page]} queries with {self.people // 10} people,"
                f" {count} with {self.people} (limit {_MOST_QUERIES})"
            )
            if count > _MOST_QUERIES or count != few[page]:
                self.broken.append(f"queries of the {page}")

    # --- Time -------------------------------------------------------------

    def _compare_pace(self) -> None:
        people = page_bench.viewers(_VIEWERS)
        clients = [page_bench.signed_in(person) for person in people]
        board = reverse("matching:leaderboard")
        for page, url_of in (
            ("leaderboard", lambda client: board),
            ("explanation", lambda client: page_bench.closest_to(client)[0]),
        ):
            pace = page_bench.pace(clients, url_of)
            self.out.write(
                f"{page}: {pace.page:.1f} ms ({pace.first:.1f} ms the first time),"
                f" {pace.ratio:.1f} times a bare page of the same {pace.size} bytes"
                f" at {pace.bare:.1f} ms (limit {_MOST_TIMES_BARE:.0f} times)"
            )
            if pace.ratio > _MOST_TIMES_BARE:
                self.broken.append(f"time of the {page}")

    # --- Weight -----------------------------------------------------------

    def _weigh(self) -> None:
        [person] = page_bench.viewers(1)
        client = page_bench.signed_in(person)
        stranger = type(client)(HTTP_HOST="127.0.0.1:8000")
        board = reverse("matching:leaderboard")
        for who, url in (
            (stranger, reverse("home")),
            (client, board),
            (client, page_bench.closest_to(client)[0]),
        ):
            self._weigh_one(url, page_bench.weigh(who, url))

    def _weigh_one(self, url: str, weight: page_bench.Weight) -> None:
        self.out.write(
            f"{url}: {weight.total} bytes compressed, {weight.html} of them HTML"
            f" (limit {_MOST_BYTES}); {len(weight.other_hosts)} references to other"
            " hosts"
        )
        if weight.total > _MOST_BYTES:
            self.broken.append(f"weight of {url}")
        if weight.other_hosts:
            self.broken.append(f"{url} asks {', '.join(weight.other_hosts)}")


def _part_of(community: Path, folder: Path, people: int) -> Path:
    """Copy a community with its first people only."""
    for name in ("artists.csv", "people.csv"):
        if (community / name).exists():
            (folder / name).write_bytes((community / name).read_bytes())
    users: set[str] = set()
    with (
        (community / "user_artists.csv").open(encoding="utf-8-sig", newline="") as file,
        (folder / "user_artists.csv").open("w", encoding="utf-8", newline="") as copy,
    ):
        reader = csv.DictReader(file)
        writer = csv.DictWriter(copy, reader.fieldnames or ())
        writer.writeheader()
        for row in reader:
            if row["user"] in users or len(users) < people:
                users.add(row["user"])
                writer.writerow(row)
    return folder
