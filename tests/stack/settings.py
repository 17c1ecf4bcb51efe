"""Settings of the stack's processes while the browser's tests walk through it.

The site's own with DEBUG off, as hosted. What is different stands here: passwords of
tests are quick to check, stand-ins need not be spared, and what a test sets for itself
is handed over (``tests.stack.handing``).
"""

from musicmatch.settings import *  # noqa: F403
from musicmatch.settings import DATA_DIR, INSTALLED_APPS, MIDDLEWARE

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SPOTIFY_MIN_GAP_MS = LISTENBRAINZ_MIN_GAP_MS = LASTFM_MIN_GAP_MS = 0
# Nobody real is asked: a test that starts a stand-in hands over where it is.
LISTENBRAINZ_URL = LASTFM_URL = MUSICBRAINZ_URL = "http://127.0.0.1:9"
HANDED_OVER = DATA_DIR / "handed-over.json"
INSTALLED_APPS = ["tests.stack.apps.HandingConfig", *INSTALLED_APPS]
MIDDLEWARE = ["tests.stack.handing.HandingMiddleware", *MIDDLEWARE]
