"""``make stack``: the processes of ``docker-compose.yml`` on this machine.

The same commands (``Procfile``), the same variables, secrets from files, a real
Postgres and a real Redis, Caddy in front where it is installed. Nothing here imports
Django; ``database`` runs in a process of its own.
"""
