"""The programs of a laptop's site, and the environment they share."""

import os
import sys
from collections.abc import Mapping

from musicmatch.standins import addresses, credentials
from musicmatch.supervisor.children import Program
from musicmatch.supervisor.plan import Plan

# Small processes: one BLAS thread each, and an allocator that gives memory back.
_THRIFT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
# The threads pool halves the memory; every call of a task has a time-out.
WORKER = (
    *("-m", "celery", "--quiet", "-A", "musicmatch"),
    *("worker", "-P", "threads", "-c", "2"),
    *("--without-gossip", "--without-mingle", "--loglevel=INFO"),
)
_CALLBACK = "/accounts/spotify/login/callback/"
_STANDIN_LATENCY_SECONDS = "0.15"


def environment(
    plan: Plan,
    redis_url: str,
    standin_port: int | None,
    services_port: int | None = None,
) -> dict[str, str]:
    """Return the environment of every child; ``redis_url`` "" means folders."""
    values = {
        **os.environ,
        **_THRIFT,
        "DJANGO_SETTINGS_MODULE": "musicmatch.settings",
        "DATA_DIR": str(plan.data_dir),
        "PORT": str(plan.port),
        "REDIS_URL": redis_url,
    }
    if standin_port is not None:
        accounts = f"http://127.0.0.1:{standin_port}"
        values |= {
            "SPOTIFY_STANDIN": "1",
            "SPOTIFY_CLIENT_ID": credentials.SPOTIFY_CLIENT_ID,
            "SPOTIFY_CLIENT_SECRET": credentials.SPOTIFY_CLIENT_SECRET,
            "SPOTIFY_ACCOUNTS_URL": accounts,
            "SPOTIFY_API_URL": f"{accounts}/v1",
        }
    if services_port is not None:
        origin = f"http://127.0.0.1:{services_port}"
        values |= addresses.settings_for(plan.services, origin, os.environ)
    return values


def site(plan: Plan, values: Mapping[str, str]) -> list[Program]:
    """Return web, worker and beat, in the order they start."""
    beat_file = str(plan.data_dir / "queue" / "beat")
    return [
        _python(plan, values, "web", *_web_command(plan)),
        _python(plan, values, "worker", *WORKER),
        _python(plan, values, "beat", "-m", "musicmatch.supervisor.clock", beat_file),
    ]


def standin(plan: Plan, values: Mapping[str, str], port: int) -> Program:
    """Return the pretend Spotify that a laptop signs in with."""
    return _python(
        plan,
        values,
        "spotify",
        *("-m", "musicmatch.standins.spotify", "--port", str(port)),
        *("--redirect", plan.address + _CALLBACK),
        *("--latency", _STANDIN_LATENCY_SECONDS),
    )


def services(plan: Plan, values: Mapping[str, str], port: int) -> Program:
    """Return one process that plays all services but Spotify."""
    return _python(
        plan,
        values,
        "services",
        *("-m", "musicmatch.standins", "--port", str(port)),
        *("--latency", _STANDIN_LATENCY_SECONDS),
    )


def step(plan: Plan, values: Mapping[str, str], command: tuple[str, ...]) -> Program:
    """Return a management command that talks to the terminal itself."""
    arguments = (sys.executable, "manage.py", *command)
    quiet = {"LOG_LEVEL": "WARNING", **values}
    return Program(command[0], arguments, quiet, plan.base_dir)


def _web_command(plan: Plan) -> tuple[str, ...]:
    if sys.platform == "win32":
        # gunicorn does not run there.
        return ("manage.py", "runserver", "--noreload", f"127.0.0.1:{plan.port}")
    return ("-m", "gunicorn", "-c", "musicmatch/gunicorn_config.py", "musicmatch.wsgi")


def _python(
    plan: Plan, values: Mapping[str, str], name: str, *arguments: str
) -> Program:
    command = (sys.executable, *arguments)
    return Program(name, command, values, plan.base_dir, plan.log_dir / f"{name}.log")
