# Two stages: packages are built in the first, and only they and the code are kept.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_LINK_MODE=copy
WORKDIR /app
RUN python -m venv /venv
COPY requirements-uv.txt requirements.txt ./
RUN /venv/bin/pip install --require-hashes -r requirements-uv.txt \
    && VIRTUAL_ENV=/venv /venv/bin/uv pip sync --compile-bytecode --require-hashes requirements.txt \
    && /venv/bin/pip uninstall --yes uv
COPY . .
# The keys made here stay in the first stage's /tmp.
RUN DATA_DIR=/tmp/build STATIC_ROOT=/static /venv/bin/python manage.py collectstatic --no-input

FROM python:3.11-slim-bookworm
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
RUN useradd --system --uid 10001 --no-create-home musicmatch \
    && install --directory --owner=musicmatch --group=musicmatch /data
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /static /static
COPY --from=build /app /app
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from musicmatch.supervisor.ports import page_answers; raise SystemExit(not page_answers(8000, '/healthz'))"]
CMD ["gunicorn", "--config", "musicmatch/gunicorn_config.py", "musicmatch.wsgi"]
