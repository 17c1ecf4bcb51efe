"""Each wrong setting is named by its own check, and right ones are not."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from musicmatch import checks

KEY = Fernet.generate_key().decode()
PRODUCTION = {
    "DEBUG": False,
    "SECRET_KEY": "a long random text of somebody's own",
    "SECRET_KEY_FALLBACKS": [],
    "BACKUP_PASSPHRASE": "",
    "FIELD_ENCRYPTION_KEYS": [KEY],
    "SITE_URL": "https://musicmatch.example",
    "ALLOWED_HOSTS": ["musicmatch.example", "127.0.0.1"],
    "SPOTIFY_STANDIN": False,
    "SPOTIFY_CLIENT_ID": "an id",
    "SPOTIFY_CLIENT_SECRET": "a secret",
    "SPOTIFY_ACCOUNTS_URL": "https://accounts.spotify.com",
    "SPOTIFY_API_URL": "https://api.spotify.com/v1",
    "REGISTRATION": "open",
    "GENRE_LOOKUP": [],
    "GENRE_LOOKUP_SPOTIFY_IDS": False,
    "LASTFM_API_KEY": "",
    "LISTENBRAINZ_URL": "https://api.listenbrainz.example",
    "MUSICBRAINZ_URL": "https://musicbrainz.example/ws/2",
    "LASTFM_URL": "https://lastfm.example",
    "RECCOBEATS_URL": "",
    "REDIS_URL": "redis://redis:6379/0",
    "WEB_CONCURRENCY": 2,
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "ALLAUTH_TRUSTED_PROXY_COUNT": 1,
    "ENGINE": "django.db.backends.postgresql",
}
LAPTOP = {
    **PRODUCTION,
    "DEBUG": True,
    "SITE_URL": "http://127.0.0.1:8000",
    "ALLOWED_HOSTS": ["127.0.0.1", "localhost", "[::1]"],
    "SPOTIFY_STANDIN": True,
    "SPOTIFY_ACCOUNTS_URL": "http://127.0.0.1:8001",
    "SPOTIFY_API_URL": "http://127.0.0.1:8001/v1",
    "REDIS_URL": "",
    "WEB_CONCURRENCY": 1,
    "EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend",
    "ALLAUTH_TRUSTED_PROXY_COUNT": 0,
    "ENGINE": "django.db.backends.sqlite3",
}
NO_SPOTIFY = {"SPOTIFY_CLIENT_ID": "", "SPOTIFY_CLIENT_SECRET": ""}
Use = Callable[..., list[str]]


def mail(kind: str) -> str:
    return f"django.core.mail.backends.{kind}.EmailBackend"


@pytest.fixture
def ids(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Use:
    """Set these settings and return the ids of what our checks say."""

    def use(base: dict[str, Any], **changes: Any) -> list[str]:
        given = {**base, **changes}
        database = settings.DATABASES["default"]
        monkeypatch.setitem(database, "ENGINE", given.pop("ENGINE"))
        for name, value in given.items():
            setattr(settings, name, value)
        return [str(message.id) for message in run_checks(tags=["musicmatch"])]

    return use


@pytest.mark.parametrize("base", [PRODUCTION, LAPTOP])
def test_right_settings_are_silent(ids: Use, base: dict[str, Any]) -> None:
    assert ids(base) == []
    checks.refuse_wrong_settings()


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        ("E001", {"SECRET_KEY": ""}),
        ("E002", {"FIELD_ENCRYPTION_KEYS": []}),
        ("E003", {"FIELD_ENCRYPTION_KEYS": [KEY, "too short"]}),
        ("E003", {"FIELD_ENCRYPTION_KEYS": ["ü" * 44]}),
        ("E003", {"FIELD_ENCRYPTION_KEYS": [""]}),
        ("E030", {"SECRET_KEY_FALLBACKS": ["a former key of a host", "secret"]}),
        ("E030", {"SECRET_KEY_FALLBACKS": [""]}),
        ("E032", {"BACKUP_PASSPHRASE": "fifteen letters"}),
        ("E004", {"SPOTIFY_STANDIN": True}),
        ("E004", {"SPOTIFY_ACCOUNTS_URL": "http://127.0.0.1:8001"}),
        ("E004", {"SPOTIFY_API_URL": "http://localhost:8001/v1"}),
        ("E004", {"SPOTIFY_API_URL": "https://[::1]:8001/v1"}),
        ("E004", {"SPOTIFY_API_URL": "https://127.9.9.9/v1"}),
        ("E004", {"SPOTIFY_API_URL": "http://standin:8001/v1"}),
        ("E004", {"SPOTIFY_API_URL": ""}),
        ("E006", {"ALLOWED_HOSTS": ["other.example"]}),
        ("E006", {"ALLOWED_HOSTS": []}),
        ("E006", {"SITE_URL": "https://[::1]"}),
        ("E007", {"SPOTIFY_CLIENT_ID": ""}),
        ("E007", {"SPOTIFY_CLIENT_SECRET": ""}),
        ("E008", {"REGISTRATION": "invitation"}),
        ("E008", {"REGISTRATION": ""}),
        ("E009", {"SITE_URL": "https://musicmatch.example/"}),
        ("E009", {"SITE_URL": "https://musicmatch.example/site"}),
        ("E013", {"GENRE_LOOKUP": ["spotify"]}),
        ("E013", {"GENRE_LOOKUP": ["listenbrainz", "music brainz"]}),
        ("E014", {"GENRE_LOOKUP": ["lastfm"]}),
        ("E015", {"GENRE_LOOKUP": ["listenbrainz"], "LISTENBRAINZ_URL": ""}),
        ("E015", {"GENRE_LOOKUP": ["musicbrainz"], "MUSICBRAINZ_URL": ""}),
        ("E040", {"SITE_URL": "http://musicmatch.example", **NO_SPOTIFY}),
        ("E041", {"ALLOWED_HOSTS": ["*"]}),
        ("E041", {"ALLOWED_HOSTS": ["musicmatch.example", "*"]}),
        ("E043", {"REDIS_URL": ""}),
        ("E044", {"EMAIL_BACKEND": mail("console")}),
        ("E045", {"SECRET_KEY": "x" * 31}),
        ("E046", {"ALLAUTH_TRUSTED_PROXY_COUNT": -1}),
        ("E047", {"LISTENBRAINZ_URL": "http://api.listenbrainz.example"}),
        ("E047", {"RECCOBEATS_URL": "http://reccobeats.example/v1"}),
        ("E048", {"ENGINE": "django.db.backends.mysql"}),
        ("E048", {"ENGINE": ""}),
        ("E049", {"REDIS_URL": "redis.example:6379"}),
        ("E049", {"REDIS_URL": "http://redis.example"}),
    ],
)
def test_each_wrong_setting_has_its_error(
    ids: Use, error: str, changes: dict[str, Any]
) -> None:
    assert ids(PRODUCTION, **changes) == [f"musicmatch.{error}"]
    with pytest.raises(ImproperlyConfigured, match=error):
        checks.refuse_wrong_settings()


@pytest.mark.parametrize(
    "url", ["", "musicmatch.example", "ftp://x.example", "http://["]
)
def test_an_address_that_is_none(ids: Use, url: str) -> None:
    named = ids(
        PRODUCTION, SITE_URL=url, SPOTIFY_CLIENT_ID="", SPOTIFY_CLIENT_SECRET=""
    )
    assert "musicmatch.E009" in named


@pytest.mark.parametrize("host", ["musicmatch.example", "*", "192.168.1.5", "::2"])
def test_debug_is_refused_where_others_can_reach(ids: Use, host: str) -> None:
    assert ids(LAPTOP, ALLOWED_HOSTS=["127.0.0.1", host]) == ["musicmatch.E005"]


@pytest.mark.parametrize(
    ("allowed", "host"),
    [
        ([".example"], "musicmatch.example"),
        ([".musicmatch.example"], "musicmatch.example"),
        (["MusicMatch.Example"], "musicmatch.example"),
    ],
)
def test_hosts_are_read_as_django_does(ids: Use, allowed: list[str], host: str) -> None:
    assert ids(PRODUCTION, ALLOWED_HOSTS=allowed, SITE_URL=f"https://{host}") == []


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("http://127.0.0.1:8000", []),
        ("http://[::1]:8000", []),
        ("http://localhost:8000", ["musicmatch.E010"]),
    ],
)
def test_spotify_comes_back_to_figures_only(
    ids: Use, url: str, named: list[str]
) -> None:
    assert ids(LAPTOP, SITE_URL=url) == named
    off = {"SPOTIFY_CLIENT_ID": "", "SPOTIFY_CLIENT_SECRET": ""}
    assert ids(LAPTOP, SITE_URL=url, **off) == []


def test_a_command_refuses_the_standin_in_production(ids: Use) -> None:
    ids(PRODUCTION, SPOTIFY_STANDIN=True)
    with pytest.raises(SystemCheckError, match=r"E004.*\n.*HINT: Unset SPOTIFY"):
        call_command("check")


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["listenbrainz", "musicbrainz"],
        [" ListenBrainz", "listenbrainz ", ""],
        ["lastfm"],
    ],
)
def test_services_that_can_be_asked_for_genres(ids: Use, names: list[str]) -> None:
    assert ids(PRODUCTION, GENRE_LOOKUP=names, LASTFM_API_KEY="a key") == []


def test_ids_of_spotify_that_nobody_is_asked_by(ids: Use) -> None:
    on = {"GENRE_LOOKUP_SPOTIFY_IDS": True}
    assert ids(PRODUCTION, **on, GENRE_LOOKUP=["listenbrainz"]) == ["musicmatch.W016"]
    # A warning is no reason not to start.
    checks.refuse_wrong_settings()
    assert ids(PRODUCTION, **on, GENRE_LOOKUP=["musicbrainz"]) == []


def test_a_key_that_is_its_own_former_one(ids: Use) -> None:
    key = PRODUCTION["SECRET_KEY"]
    assert ids(PRODUCTION, SECRET_KEY_FALLBACKS=[key]) == ["musicmatch.W031"]
    checks.refuse_wrong_settings()
    assert ids(PRODUCTION, SECRET_KEY_FALLBACKS=["the key of the year before"]) == []


@pytest.mark.parametrize(
    ("warning", "changes"),
    [
        ("W042", {"ENGINE": LAPTOP["ENGINE"]}),
        ("W043", {"REDIS_URL": "", "WEB_CONCURRENCY": 1}),
        ("W044", {"EMAIL_BACKEND": mail("dummy")}),
        ("W044", {"EMAIL_BACKEND": mail("filebased")}),
        ("W046", {"ALLAUTH_TRUSTED_PROXY_COUNT": 0}),
    ],
)
def test_what_a_small_host_may_do_is_a_warning(
    ids: Use, warning: str, changes: dict[str, Any]
) -> None:
    assert ids(PRODUCTION, **changes) == [f"musicmatch.{warning}"]
    checks.refuse_wrong_settings()


def test_spotify_never_comes_back_to_http(ids: Use) -> None:
    named = ids(PRODUCTION, SITE_URL="http://musicmatch.example")
    assert set(named) == {"musicmatch.E040", "musicmatch.E010"}


def test_on_the_loopback_nothing_travels_in_the_open(ids: Use) -> None:
    stand_in = "http://127.0.0.1:9000"
    assert ids(PRODUCTION, LISTENBRAINZ_URL=stand_in, LASTFM_URL=stand_in) == []
    here = {"SITE_URL": "http://127.0.0.1:8000", "ALLAUTH_TRUSTED_PROXY_COUNT": 0}
    assert ids(PRODUCTION, **here) == []


def test_no_message_shows_a_secret(ids: Use, settings: Any) -> None:
    ids(PRODUCTION, FIELD_ENCRYPTION_KEYS=["s3cret"], SPOTIFY_CLIENT_ID="")
    text = " ".join(f"{m.msg} {m.hint}" for m in run_checks(tags=["musicmatch"]))
    assert "Key 1" in text
    assert "s3cret" not in text
    assert settings.SPOTIFY_CLIENT_SECRET not in text
