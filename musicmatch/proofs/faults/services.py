"""Postgres and Redis go away for a while."""

from musicmatch.proofs.faults.stage import Stage
from musicmatch.proofs.servers import outage

_AWAY = 4.0
_AFTER = 10.0


def redis_restarted(stage: Stage) -> None:
    outage(stage.redis, _AWAY)
    stage.note(f"away for {_AWAY:.0f} s")
    stage.let_go_on(_AFTER)


def redis_emptied(stage: Stage) -> None:
    """Every task that waits, every limit and every lock is forgotten."""
    stage.wait_for_import()
    waiting = stage.redis.ask("DBSIZE").strip()
    stage.redis.ask("FLUSHALL")
    stage.note(f"{waiting} keys forgotten, in the middle of imports")
    stage.let_go_on(_AFTER)


def postgres_restarted(stage: Stage) -> None:
    stage.wait_for_import()
    outage(stage.postgres, _AWAY)
    stage.note(f"away for {_AWAY:.0f} s, in the middle of imports")
    stage.let_go_on(_AFTER)


def postgres_off(stage: Stage) -> None:
    stage.wait_for_import()
    outage(stage.postgres, _AWAY, at_once=True)
    stage.note(f"gone without goodbye, and back after {_AWAY:.0f} s")
    stage.let_go_on(_AFTER)
