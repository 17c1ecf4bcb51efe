"""What goes wrong on a host, done on purpose while people are on the site.

A fault is a function that is given the stage, breaks something, mends what a host
would mend, and says what it saw. What is compared afterwards is the same for all.
"""

from musicmatch.proofs.faults.processes import (
    beat_killed,
    deploy,
    two_beats,
    web_killed,
    worker_killed,
)
from musicmatch.proofs.faults.services import (
    postgres_off,
    postgres_restarted,
    redis_emptied,
    redis_restarted,
)
from musicmatch.proofs.faults.stage import Fault
from musicmatch.proofs.faults.surroundings import (
    clock_ahead,
    clock_behind,
    disk_full,
    spotify_fails,
    spotify_rests,
    spotify_slow,
)

FAULTS: tuple[Fault, ...] = (
    Fault("worker", "kill -9 of the worker in the middle of imports", worker_killed),
    Fault("web", "kill -9 of a web worker in the middle of requests", web_killed),
    Fault("beat", "kill -9 of beat", beat_killed),
    Fault("redis", "Redis restarted", redis_restarted),
    Fault("emptied", "Redis emptied", redis_emptied),
    Fault("postgres", "Postgres restarted", postgres_restarted),
    Fault("crash", "Postgres gone at once, as by a power cut", postgres_off),
    Fault("disk", "no room left for the index", disk_full),
    Fault("slow", "Spotify slow", spotify_slow),
    Fault("500", "Spotify answers 500", spotify_fails),
    Fault("429", "Spotify answers 429, come back in a day", spotify_rests),
    Fault("ahead", "a machine whose clock is an hour ahead", clock_ahead),
    Fault("behind", "a machine whose clock is an hour behind", clock_behind),
    Fault("beats", "two beats", two_beats),
    Fault("deploy", "a deploy", deploy),
)

__all__ = ["FAULTS", "Fault"]
