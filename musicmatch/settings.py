"""The only settings file. Everything a host sets comes from the environment.

Any ``NAME`` may be given as ``NAME_FILE``, the path of a file that holds it.
With nothing set the site runs on a laptop: SQLite, an embedded queue, keys made
on the first start. ``musicmatch.checks`` refuses what is unsafe in production.
"""

from pathlib import Path
from urllib.parse import urlsplit

import environ

from ingest.sources.base import Way
from ingest.sources.registry import Source
from musicmatch import policies, schedule
from musicmatch.embedded import socket_url
from musicmatch.keys import listed, local_key, new_encryption_key, new_secret_key
from musicmatch.watching import logs

env = environ.FileAwareEnv()

# --- Core -----------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "var"))).resolve()
DEBUG = env.bool("DEBUG", True)
SITE_NAME = "Musicmatch"
SITE_URL = env.str("SITE_URL", f"http://127.0.0.1:{env.int('PORT', 8000)}")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
# Processes of gunicorn, which reads it by itself.
WEB_CONCURRENCY = env.int("WEB_CONCURRENCY", 1)
REGISTRATION = env.str("REGISTRATION", "open")

_keys = DATA_DIR / "keys"
SECRET_KEY = env.str("SECRET_KEY", "").strip() or (
    local_key(_keys, "secret_key", new_secret_key) if DEBUG else ""
)
# Keys of before: what they signed holds, sessions and links in mails among it.
SECRET_KEY_FALLBACKS = listed(env.str("SECRET_KEY_FALLBACKS", ""))
# Newest first: the first encrypts, all of them decrypt.
FIELD_ENCRYPTION_KEYS = listed(
    env.str("FIELD_ENCRYPTION_KEYS", "")
    or (local_key(_keys, "field_encryption_key", new_encryption_key) if DEBUG else "")
)

# Keys in a backup lie under it; without one they lie open there.
BACKUP_PASSPHRASE = env.str("BACKUP_PASSPHRASE", "").strip()

# --- Apps -----------------------------------------------------------------

INSTALLED_APPS = [
    "musicmatch",
    "matching",
    "ingest",
    "social",
    "accounts",
    "accounts.spotify",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "django_countries",
    "django_htmx",
    "lucide",
    "csp",
    "django.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "musicmatch.watching.access.AccessMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    # Before static files are answered: they carry the same headers.
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "musicmatch.middleware.OriginMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "musicmatch.middleware.MethodMiddleware",
    "musicmatch.releases.OtherReleaseMiddleware",
    "musicmatch.middleware.LoopbackHostMiddleware",
    "musicmatch.middleware.CookieMiddleware",
    "musicmatch.middleware.PrivateMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.replicas.WroteMiddleware",
    "accounts.lifetime.SessionLifetimeMiddleware",
    "musicmatch.bodies.BodyMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "musicmatch.middleware.NotFoundMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.PersonMiddleware",
    "social.middleware.SuspensionMiddleware",
]

ROOT_URLCONF = "musicmatch.urls"
WSGI_APPLICATION = "musicmatch.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "musicmatch.context_processors.site",
            ],
            "builtins": ["musicmatch.templatetags.ui"],
        },
    }
]
FORM_RENDERER = "musicmatch.forms.FormRenderer"

# --- Database and cache ---------------------------------------------------

DATABASES = {
    "default": env.db_url("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE: a read that later writes fails at once in a deferred transaction,
    # whatever the time-out, as soon as two processes write.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            " PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=27103364;"
            " PRAGMA cache_size=2000;"
        ),
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Copies to read from what may be some seconds old; the first that is near is asked.
DATABASE_REPLICAS: list[str] = []
for _url in env.list("DATABASE_REPLICA_URLS", default=[]):
    DATABASE_REPLICAS.append(f"replica{len(DATABASE_REPLICAS) + 1}")
    DATABASES[DATABASE_REPLICAS[-1]] = {
        **env.db_url_config(_url),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 2},
        "TEST": {"MIRROR": "default"},
    }
DATABASE_ROUTERS = ["accounts.replicas.Router"] if DATABASE_REPLICAS else []

REDIS_URL = env.str("REDIS_URL", "") or socket_url(DATA_DIR)
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "mm",
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": DATA_DIR / "cache",
        }
    }

# Each machine has its own, built from the database.
INDEX_DIR = DATA_DIR / "index"
# How long the machines of a site wait for the slowest before new statistics serve.
INDEX_SWITCH_SECONDS = env.int("INDEX_SWITCH_SECONDS", 900)
# Where uploads waited before the database kept them: read for one release more.
UPLOAD_DIR = DATA_DIR / "uploads"
# Not the system's folder, which may be in memory.
FILE_UPLOAD_TEMP_DIR = DATA_DIR

# --- Signing in -----------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = policies.PASSWORDS
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
PASSWORD_RESET_TIMEOUT = 86_400

# How many proxies stand in front: sign-in limits count by the visitor's address.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.signing_in.LoginForm",
    "signup": "accounts.signing_in.SignupForm",
    "change_password": "accounts.signing_in.ChangePasswordForm",
    "set_password": "accounts.signing_in.SetPasswordForm",
    "reset_password": "accounts.signing_in.ResetPasswordForm",
    "reset_password_from_key": "accounts.signing_in.ResetPasswordKeyForm",
    "reauthenticate": "accounts.signing_in.ReauthenticateForm",
    "add_email": "accounts.signing_in.AddEmailForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USERNAME_MIN_LENGTH = 3
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_SESSION_REMEMBER = True
# How long a password that was typed again is believed: see accounts.again.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
# Whoever has an address hears that a password or an address was changed.
ACCOUNT_EMAIL_NOTIFICATIONS = True
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SocialAccountAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_QUERY_EMAIL = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False

SPOTIFY_STANDIN = env.bool("SPOTIFY_STANDIN", False)
SPOTIFY_CLIENT_ID = env.str("SPOTIFY_CLIENT_ID", "")
SPOTIFY_CLIENT_SECRET = env.str("SPOTIFY_CLIENT_SECRET", "")
SPOTIFY_ACCOUNTS_URL = env.str("SPOTIFY_ACCOUNTS_URL", "https://accounts.spotify.com")
SPOTIFY_API_URL = env.str("SPOTIFY_API_URL", "https://api.spotify.com/v1")
SPOTIFY_SCOPES = ["user-top-read", "user-read-recently-played"]
SPOTIFY_MIN_GAP_MS = env.int("SPOTIFY_MIN_GAP_MS", Source.SPOTIFY.door.gap_ms)
SOCIALACCOUNT_PROVIDERS = {
    "spotify": {
        "APPS": (
            [{"client_id": SPOTIFY_CLIENT_ID, "secret": SPOTIFY_CLIENT_SECRET}]
            if SPOTIFY_CLIENT_ID
            else []
        ),
        "SCOPE": SPOTIFY_SCOPES,
        "OAUTH_PKCE_ENABLED": True,
    }
}

# --- Sources --------------------------------------------------------------

# For each source where its service is, and milliseconds between two calls of the whole
# site: LISTENBRAINZ_URL, LASTFM_AUTH_URL, SPOTIFY_MIN_GAP_MS … An empty address closes
# the door.
_consent_pages = [SPOTIFY_ACCOUNTS_URL]
_keys_of_sources: list[str] = []
for _source in Source:
    _name, _door = _source.upper(), _source.door
    if _door.open is not None:
        vars()[f"{_name}_URL"] = env.str(f"{_name}_URL", _door.url)
        vars()[f"{_name}_AUTH_URL"] = env.str(f"{_name}_AUTH_URL", _door.auth_url)
        vars()[f"{_name}_MIN_GAP_MS"] = env.int(f"{_name}_MIN_GAP_MS", _door.gap_ms)
    if _door.way is Way.CONSENT:
        _consent_pages.append(vars()[f"{_name}_AUTH_URL"])
    if _door.needs_key:
        vars()[f"{_name}_API_KEY"] = env.str(f"{_name}_API_KEY", "")
        vars()[f"{_name}_SECRET"] = env.str(f"{_name}_SECRET", "")
        _keys_of_sources += vars()[f"{_name}_API_KEY"], vars()[f"{_name}_SECRET"]
# Services asked for the genres of artists nobody named any for, in this order; they
# learn names and ids of artists, and nothing of people. "" asks nobody.
GENRE_LOOKUP = env.list("GENRE_LOOKUP", default=[])
MUSICBRAINZ_URL = env.str("MUSICBRAINZ_URL", "https://musicbrainz.org/ws/2")
# May ids of Spotify be shown to MusicBrainz? Spotify's terms leave it open.
GENRE_LOOKUP_SPOTIFY_IDS = env.bool("GENRE_LOOKUP_SPOTIFY_IDS", False)
# Says how tracks sound, by their ids at Spotify; "" asks nobody.
RECCOBEATS_URL = env.str("RECCOBEATS_URL", "")

# --- Matching -------------------------------------------------------------

# Spotify forbids training on its content, so its rows are left out of the fit.
FIT_ON_SPOTIFY = env.bool("FIT_ON_SPOTIFY", False)
# "pgvector": boards are looked for among the people the database holds likeliest to be
# close. For communities larger than one machine; "" compares everyone.
MATCHING_PRESELECT = env.str("MATCHING_PRESELECT", "")

# --- Security -------------------------------------------------------------

_https = SITE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [SITE_URL] if _https else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_SSL_REDIRECT = _https
# Whoever watches asks from inside, past the proxy and without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = policies.content_security_policy(
    consent_pages=_consent_pages, is_https=_https
)
PERMISSIONS_POLICY = policies.PERMISSIONS
# Browsers keep such a cookie to this one host, and send it over TLS only.
_cookie = "__Host-" if _https else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_cookie}sessionid", f"{_cookie}csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Without a visit in so long a session ends. accounts.lifetime ends them all some day.
SESSION_COOKIE_AGE = 14 * 86_400
# Not in a cookie: what they say of people stays on the server.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Of a body without files. What bodies may weigh at all is in musicmatch.bodies.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 100

# --- Language, time, static files, e-mail ---------------------------------

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

EMAIL_TIMEOUT = 10
vars().update(env.email_url("EMAIL_URL", "consolemail://"))
# Who every mail is from; without it no-reply at the host of SITE_URL.
DEFAULT_FROM_EMAIL = (
    env.str("EMAIL_FROM", "") or f"{SITE_NAME} <no-reply@{urlsplit(SITE_URL).hostname}>"
)

# --- Celery ---------------------------------------------------------------

if REDIS_URL.startswith("unix://"):
    CELERY_BROKER_URL = "redis+socket://" + REDIS_URL.removeprefix("unix://")
else:
    CELERY_BROKER_URL = REDIS_URL or "filesystem://"
if CELERY_BROKER_URL.startswith("filesystem"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(DATA_DIR / "queue" / "tasks"),
        "data_folder_out": str(DATA_DIR / "queue" / "tasks"),
        "control_folder": str(DATA_DIR / "queue" / "control"),
        "polling_interval": 0.2,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    }
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = 120
CELERY_TASK_TIME_LIMIT = 150
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = schedule.EVERY

# --- Watching -------------------------------------------------------------

# "json" for machines, "line" for a person.
LOG_FORMAT = env.str("LOG_FORMAT", "") or ("line" if DEBUG else "json")
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
# Whoever bears it may read /metrics; "" keeps no counts and answers nobody.
METRICS_TOKEN = env.str("METRICS_TOKEN", "").strip()
METRICS_DIR = Path(env.str("METRICS_DIR", "") or DATA_DIR / "metrics")
# host:port where a worker answers /metrics itself; "" where web shares its METRICS_DIR.
METRICS_BIND = env.str("METRICS_BIND", "")
# Where errors are reported to; "" reports none.
SENTRY_DSN = env.str("SENTRY_DSN", "").strip()
SENTRY_ENVIRONMENT = env.str("SENTRY_ENVIRONMENT", "") or urlsplit(SITE_URL).hostname

# No line and no report repeats any of these, whoever says it.
SECRETS_OF_SETTINGS: list[str] = [
    SECRET_KEY,
    *SECRET_KEY_FALLBACKS,
    *FIELD_ENCRYPTION_KEYS,
    BACKUP_PASSPHRASE,
    SPOTIFY_CLIENT_SECRET,
    METRICS_TOKEN,
    SENTRY_DSN,
    *_keys_of_sources,
    *(str(database.get("PASSWORD") or "") for database in DATABASES.values()),
    str(globals().get("EMAIL_HOST_PASSWORD") or ""),
    urlsplit(REDIS_URL).password or "",
]
LOGGING = logs.config(
    form=LOG_FORMAT, level=LOG_LEVEL, secrets=filter(None, SECRETS_OF_SETTINGS)
)
