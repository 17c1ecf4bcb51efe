"""How gunicorn serves the site, on a laptop and in a container."""

import os

bind = os.environ.get("BIND") or f"127.0.0.1:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_CONCURRENCY") or 1)
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS") or 8)
timeout = 60
graceful_timeout = 4
keepalive = 5
loglevel = "warning"
# It would live in the home folder of whoever started the site.
control_socket_disable = True
