"""Settings of the tests: the site's own, with a folder and a queue of their own."""

import atexit
import os
import shutil
import tempfile

_DATA_DIR = tempfile.mkdtemp(prefix="musicmatch-tests-")
atexit.register(shutil.rmtree, _DATA_DIR, ignore_errors=True)
os.environ["DATA_DIR"] = _DATA_DIR
os.environ.setdefault("LOG_LEVEL", "WARNING")
_OF_SOURCES = ("SPOTIFY_", "LISTENBRAINZ_", "LASTFM_", "MUSICBRAINZ_", "RECCOBEATS_")
for _name in [n for n in os.environ if n.startswith((*_OF_SOURCES, "GENRE_LOOKUP"))]:
    del os.environ[_name]

from musicmatch.settings import *  # noqa: E402, F403
from musicmatch.settings import DATABASES, MIDDLEWARE, REDIS_URL, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
SPOTIFY_MIN_GAP_MS = LISTENBRAINZ_MIN_GAP_MS = LASTFM_MIN_GAP_MS = 0
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise")]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if not REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": None}
