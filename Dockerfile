# The app in two stages: packages are built in the first, and only they and the code
# are kept. Then the proxy: Caddy, as a user of its own. Tags are exact.
FROM python:3.11.15-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_LINK_MODE=copy
WORKDIR /app
RUN python -m venv /venv
COPY requirements-uv.txt requirements.txt ./
RUN /venv/bin/pip install --require-hashes -r requirements-uv.txt \
    && VIRTUAL_ENV=/venv /venv/bin/uv pip sync --compile-bytecode --require-hashes requirements.txt \
    && /venv/bin/pip uninstall --yes uv
COPY . .
# The keys made here stay in this stage's /tmp.
RUN DATA_DIR=/tmp/build STATIC_ROOT=/static /venv/bin/python manage.py collectstatic --no-input

FROM caddy:2.11.4-alpine AS proxy
# A copy of the program carries no capabilities: whoever runs it may have none. A new
# volume belongs to whom the folder under it belongs.
RUN cp /usr/bin/caddy /usr/bin/plain && mv /usr/bin/plain /usr/bin/caddy \
    && addgroup -S -g 10002 proxy && adduser -S -D -H -u 10002 -G proxy proxy \
    && install -d -o proxy -g proxy -m 700 /certificates
ENV XDG_DATA_HOME=/certificates XDG_CONFIG_HOME=/tmp
WORKDIR /app
COPY deploy/Caddyfile deploy/Caddyfile
USER 10002:10002
EXPOSE 80 443
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:2020/"]
CMD ["caddy", "run", "--config", "deploy/Caddyfile", "--adapter", "caddyfile"]

FROM python:3.11.15-slim-bookworm AS app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DEBUG=0 \
    DATA_DIR=/data \
    STATIC_ROOT=/static \
    BIND=0.0.0.0:8000 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    MALLOC_ARENA_MAX=2
RUN useradd --system --uid 10001 --user-group --no-create-home musicmatch \
    && install --directory --owner=musicmatch --group=musicmatch --mode=700 /data
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /static /static
COPY --from=build /app /app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from musicmatch.supervisor.ports import page_answers; raise SystemExit(not page_answers(8000, '/healthz'))"]
CMD ["gunicorn", "--config", "musicmatch/gunicorn_config.py", "musicmatch.wsgi"]
