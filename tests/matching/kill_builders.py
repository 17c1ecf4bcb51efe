"""A process that has builders killed at random moments, and asks all the time.

It changes the community, asks for boards and compares each with brute force, while a
child builds the index over and over; then it kills the child and starts the next one.
Prints what it counted as JSON, and everything that must not be.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from random import Random

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from matching import engine, reader  # noqa: E402
from matching.models import Taste  # noqa: E402
from matching.services import index_compact, index_rebuild  # noqa: E402
from matching.soak.writing import Writer  # noqa: E402
from matching.verification import BruteForce, Verification, wrong_board  # noqa: E402
from matching.verification.files import wrong_files  # noqa: E402

PEOPLE = 60
MOST_SECONDS = 0.2


def build_for_ever(seed: int) -> None:
    draw = Random(seed)
    while True:
        if draw.random() < 0.5:
            index_rebuild(now=timezone.now())
        else:
            index_compact()


def start_builder(seed: int) -> int:
    # Neither process may use what the other has open.
    connections.close_all()
    pid = os.fork()
    if pid:
        return pid
    try:
        build_for_ever(seed)
    finally:
        os._exit(1)


def ask(draw: Random) -> list[str]:
    """Everyone in the database and nobody else is in the view; one board is right."""
    view = reader.current_view()
    visible = set(Taste.objects.filter(is_visible=True).values_list("pk", flat=True))
    if set(view.person_ids.tolist()) != visible:
        return [f"{visible ^ set(view.person_ids.tolist())} seen or not, wrongly"]
    return list(wrong_board(view, BruteForce(view), draw.choice(sorted(visible))))


def wait_until_it_writes(folder: Path) -> None:
    known, until = set(os.listdir(folder)), time.monotonic() + 1.0
    while known >= set(os.listdir(folder)) and time.monotonic() < until:
        pass


def is_half_done(folder: Path) -> bool:
    """Whether the builder left something that the next one has to clear away."""
    current = json.loads((folder / "MANIFEST.json").read_text())["generation"]
    return bool(list(wrong_files(folder))) or engine.generations(folder)[0] > current


def main(kills: int) -> None:
    call_command("migrate", verbosity=0)
    folder, draw = Path(settings.INDEX_DIR), Random(7)
    writer = Writer("someone", seed=7)
    writer.settle(PEOPLE)
    index_rebuild(now=timezone.now())
    wrong: list[str] = []
    boards = half_done = crashed = 0
    for number in range(kills):
        pid = start_builder(number)
        until = time.monotonic() + MOST_SECONDS * draw.random()
        while True:
            writer.step()
            wrong += ask(draw)
            boards += 1
            if time.monotonic() >= until:
                break
        # Most of the time it computes: half of the moments are among the others.
        if number % 2:
            wait_until_it_writes(folder)
        os.kill(pid, signal.SIGKILL)
        crashed += os.WTERMSIG(os.waitpid(pid, 0)[1]) != signal.SIGKILL
        half_done += is_half_done(folder)
        if number % 3:
            reader.forget()
        wrong += ask(draw)
        boards += 1
    index_rebuild(now=timezone.now())
    checks = Verification(sample=PEOPLE, seed=7).checks()
    wrong += [words for check in checks for words in check.differences]
    generation = engine.Index.load(folder).generation
    counts = {"boards": boards, "half_done": half_done, "crashed": crashed}
    found = {**counts, "generation": generation, "wrong": wrong}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]))
