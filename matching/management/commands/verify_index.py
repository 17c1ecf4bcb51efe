"""Compare the index with the database, and its answers with the formula."""

from argparse import ArgumentParser
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from matching import engine
from matching.verification import Verification

_SEED = 7


class Command(BaseCommand):
    help = (
        "Compare the whole index with the tastes in the database, and the boards and"
        " receipts of some people with the formula worked out the slow way. Says what"
        " was compared and what differs; ends with 1 when anything does."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--sample", type=int, default=20, metavar="N", help="people to ask for"
        )
        parser.add_argument("--seed", type=int, default=_SEED)

    def handle(self, *, sample: int, seed: int, **_: Any) -> None:
        start = perf_counter()
        try:
            verification = Verification(sample=max(0, sample), seed=seed)
        except (engine.IndexMissing, engine.IndexCorrupt) as error:
            raise CommandError(f"There is no index to verify: {error}") from error
        generation, people = verification.index.generation, len(verification.view)
        self.stdout.write(f"Generation {generation}: {people} people.")
        different = 0
        for check in verification.checks():
            state = "differ" if check.differences else "the same"
            self.stdout.write(f"{check.what}: {state} ({check.seconds:.1f} s)")
            for words in check.differences:
                self.stdout.write(f"  {words}")
            different += len(check.differences)
        seconds = perf_counter() - start
        if different:
            raise CommandError(f"The index is not what it should be ({seconds:.1f} s).")
        self.stdout.write(f"Nothing differs ({seconds:.1f} s).")
