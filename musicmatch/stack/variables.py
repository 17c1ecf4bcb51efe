"""The variables of each process: those of the image and of ``docker-compose.yml``.

Only they are passed on, so whatever a process needs and the compose file forgets is
missing here, too. A test holds the two against each other.
"""

import os
import re
import sys
from pathlib import Path

from musicmatch.stack.options import BASE_DIR, Options

# Those of the app, each a file of the same name in small letters.
SECRETS = (
    "DATABASE_URL",
    "DATABASE_REPLICA_URLS",
    "REDIS_URL",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "FIELD_ENCRYPTION_KEYS",
    "BACKUP_PASSPHRASE",
    "SPOTIFY_CLIENT_SECRET",
    "LASTFM_SECRET",
    "METRICS_TOKEN",
    "SENTRY_DSN",
    "EMAIL_URL",
)
# Said to the engine or to the proxy, and not to the app.
_NOT_OF_APP = {"TLS", "WEB_MEMORY", "WORKER_MEMORY"}
_NAMED = re.compile(r"^#?([A-Z][A-Z_]+)=", re.MULTILINE)


def settings_of_a_host() -> list[str]:
    """Return the names of ``.env.example``, each once."""
    text = (BASE_DIR / ".env.example").read_text(encoding="utf-8")
    return list(dict.fromkeys(_NAMED.findall(text)))


def of_app(options: Options) -> dict[str, str]:
    """Return what migrations, web, worker and beat are told."""
    names = [name for name in settings_of_a_host() if name not in _NOT_OF_APP]
    told = {name: options.shell[name] for name in names if name in options.shell}
    secrets = options.under("secrets")
    return {
        **_of_image(options),
        "WEB_CONCURRENCY": "2",
        "TRUSTED_PROXY_COUNT": "1" if options.has_proxy else "0",
        **told,
        "SITE_URL": options.site_url,
        "ALLOWED_HOSTS": f"{options.shell.get('ALLOWED_HOSTS') or options.host}"
        ",127.0.0.1,web",
        **{f"{name}_FILE": str(secrets / name.lower()) for name in SECRETS},
    }


def of_proxy(options: Options) -> dict[str, str]:
    """Return what Caddy is told; the compose file leaves out the ports."""
    return {
        "SITE_URL": options.site_url,
        "TLS": options.shell.get("TLS") or "internal",
        "WEB": f"127.0.0.1:{options.web_port}",
        "HTTP_PORT": str(options.http_port),
        "PROBE_PORT": str(options.probe_port),
        "XDG_DATA_HOME": str(options.under("proxy")),
        "XDG_CONFIG_HOME": str(options.under("tmp") / "proxy"),
    }


def of_machine(options: Options, name: str) -> dict[str, str]:
    """Return what a container would have of its own: a path, a home, a /tmp."""
    # Not resolved: the interpreter of a virtual environment is a link.
    programs = Path(sys.executable).parent
    folder = options.under("tmp") / name
    return {
        "PATH": f"{programs}{os.pathsep}{options.shell.get('PATH', os.defpath)}",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "HOSTNAME": f"stack-{name}",
    }


def _of_image(options: Options) -> dict[str, str]:
    """Return what the Dockerfile sets."""
    return {
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "DEBUG": "0",
        "DATA_DIR": str(options.under("data")),
        "STATIC_ROOT": str(options.under("static")),
        "BIND": f"127.0.0.1:{options.web_port}",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "DJANGO_SETTINGS_MODULE": options.settings,
    }
