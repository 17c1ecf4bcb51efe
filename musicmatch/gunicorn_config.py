"""How gunicorn serves the site, on a laptop and in a container."""

import os
from pathlib import Path
from typing import Any

from environ import FileAwareEnv

from musicmatch.watching import folders, logs

env = FileAwareEnv()

bind = os.environ.get("BIND") or f"127.0.0.1:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_CONCURRENCY") or 1)
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS") or 8)
timeout = 60
graceful_timeout = 4
keepalive = 5
loglevel = "warning"
# Of one request, before anything of ours looks at it; longer ones are answered by 4xx.
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190
# Names with an underscore could pass for a header that the proxy sets.
header_map = "drop"
# The site writes a line for each request itself: gunicorn's would name people.
accesslog = None
# Before the application is there: it configures the same once more, with its secrets.
logconfig_dict = logs.config(
    form=env.str("LOG_FORMAT", "") or ("line" if env.bool("DEBUG", True) else "json"),
    level=env.str("LOG_LEVEL", "INFO"),
)
# It would live in the home folder of whoever started the site.
control_socket_disable = True

_counts = bool(env.str("METRICS_TOKEN", "").strip())
_data = env.str("DATA_DIR", str(Path(__file__).resolve().parent.parent / "var"))
_metrics = Path(env.str("METRICS_DIR", "") or Path(_data) / "metrics")
_group: folders.Group | None = None


def on_starting(server: Any) -> None:
    """Take a folder for the counts; where none can be made, serve all the same."""
    global _group
    if not _counts:
        return
    try:
        _group = folders.claim(_metrics.resolve(), "web")
    except OSError as error:
        server.log.warning("Requests are counted in each process alone: %s", error)


def pre_fork(server: Any, worker: Any) -> None:
    """Give a new process the first place that is free: gunicorn forgets who died."""
    taken = {one.place for one in server.WORKERS.values()}
    worker.place = next(n for n in range(len(taken) + 1) if n not in taken)


def post_fork(server: Any, worker: Any) -> None:
    if _group is None:
        return
    # Not in the process that only forks: it needs no counters.
    from musicmatch.watching import metrics

    metrics.keep_in(_group.folder, str(worker.place))
