"""``manage.py up``: the whole site on one machine, in one command."""

import os
import sys
from typing import Any

import environ
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.db.utils import OperationalError

from musicmatch.standins.addresses import undecided
from musicmatch.supervisor import preparation
from musicmatch.supervisor.plan import Plan
from musicmatch.supervisor.ports import port_is_free
from musicmatch.supervisor.supervisor import Supervisor

DEFAULT_PORT = 8000
DEFAULT_DEMO_PEOPLE = 300


class Command(BaseCommand):
    help = (
        "Run the whole site: queue, web, worker and clock. PORT, DATA_DIR and"
        " DEMO_PEOPLE come from the environment."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--follow-parent",
            action="store_true",
            help="stop when the process that started this one has gone",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        port, demo_people = _number("PORT", DEFAULT_PORT), _demo_people()
        if not port_is_free(port):
            raise CommandError(
                f"Port {port} is taken. Stop what uses it, or choose another PORT."
            )
        try:
            steps = _prepare(demo_people)
        except KeyboardInterrupt:
            raise SystemExit(0) from None
        plan = Plan(
            port=port,
            data_dir=settings.DATA_DIR,
            base_dir=settings.BASE_DIR,
            redis_url=environ.FileAwareEnv().str("REDIS_URL", default=""),
            standin=settings.DEBUG and not settings.SPOTIFY_CLIENT_ID,
            services=undecided(os.environ) if settings.DEBUG else (),
            follow_parent=options["follow_parent"],
            steps=steps,
        )
        connections.close_all()
        _become_supervisor(plan)


def _prepare(demo_people: int) -> tuple[tuple[str, ...], ...]:
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    try:
        preparation.migrate_if_needed()
    except OperationalError as error:
        raise CommandError(f"The database does not answer: {error}") from error
    preparation.collect_static_if_needed()
    return preparation.missing_steps(demo_people)


def _become_supervisor(plan: Plan) -> None:
    """Turn into the supervisor, which needs a quarter of Django's memory."""
    if sys.platform == "win32":
        sys.exit(Supervisor(plan).run())
    os.chdir(plan.base_dir)
    command = [sys.executable, "-m", "musicmatch.supervisor", plan.to_json()]
    os.execv(sys.executable, command)  # noqa: S606


def _demo_people() -> int:
    return max(_number("DEMO_PEOPLE", DEFAULT_DEMO_PEOPLE), 0)


def _number(name: str, default: int) -> int:
    try:
        return int(os.environ.get(name) or default)
    except ValueError as error:
        raise CommandError(f"{name} must be a whole number.") from error
