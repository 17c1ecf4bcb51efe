"""The person, and what they let us use of the music service they signed in with."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django_countries.fields import CountryField

from accounts import handles
from accounts.fields import EncryptedTextField


class Audience(models.TextChoices):
    """Who is shown one section of a profile. Nobody sees more of others than that."""

    EVERYONE = "everyone", "Everyone here"
    CONNECTIONS = "connections", "My connections"
    ONLY_ME = "only_me", "Only me"


class Section(models.TextChoices):
    """The parts of a profile with an audience of their own."""

    COUNTRY = "country", "Country"
    ARTISTS = "artists", "Top artists and tracks"
    GENRES = "genres", "Genres"
    AUDIO = "audio", "How the music sounds"
    RECENT = "recent", "Recent listens"
    ACTIVITY = "activity", "When I was last here"


def _audience() -> "models.CharField[str, str]":
    return models.CharField(
        max_length=11, choices=Audience.choices, default=Audience.EVERYONE
    )


class PersonQuerySet(models.QuerySet["User"]):
    def present(self) -> Self:
        """People who joined, have not paused and are not suspended."""
        return self.filter(
            is_active=True,
            joined_at__isnull=False,
            paused_at__isnull=True,
            suspended_until__isnull=True,
        )

    def discoverable(self) -> Self:
        """People whom everyone who joined may find and be compared with."""
        return self.present().filter(is_hidden=False)

    def showing_artists(self) -> Self:
        """People who agreed to be found by an artist they listen to."""
        return self.filter(shows_artists=True, artists_audience=Audience.EVERYONE)

    def keeping(self, section: Section) -> Self:
        """People who do not show this section to everyone."""
        return self.exclude(**{f"{section}_audience": Audience.EVERYONE})

    def with_handle(self, handle: str) -> Self:
        return self.filter(handle=handles.normalise(handle))

    def active_since(self, moment: datetime) -> Self:
        return self.filter(last_active_at__gte=moment)

    def named(self, words: str) -> Self:
        """People whose handle or display name contains these words."""
        return self.filter(
            models.Q(handle__icontains=words) | models.Q(display_name__icontains=words)
        )


class PersonManager(UserManager.from_queryset(PersonQuerySet)):  # type: ignore[misc]
    """Makes people, and reads them as :class:`PersonQuerySet`."""


class User(AbstractUser):
    """A person. ``username`` signs in and is private; ``handle`` is public."""

    class Origin(models.TextChoices):
        SIGNED_UP = "signed_up", "signed up"
        DEMO = "demo", "demonstration"
        COMMUNITY = "community", "loaded from files"

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    handle = models.CharField(
        max_length=handles.MAX_LENGTH,
        null=True,
        blank=True,
        validators=[handles.validate_handle],
    )
    display_name = models.CharField(max_length=50, blank=True)
    country = CountryField(blank=True, blank_label="Not said")
    bio = models.TextField(max_length=500, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    joined_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    last_active_at = models.DateTimeField(null=True, blank=True)
    # Sessions from before this moment are over.
    sessions_ended_at = models.DateTimeField(null=True, blank=True)
    # Found by nobody but the people one is connected with.
    is_hidden = models.BooleanField(default=False)
    # Whether whoever looks for an artist finds this person among its listeners.
    shows_artists = models.BooleanField(default=False)
    country_audience = _audience()
    artists_audience = _audience()
    genres_audience = _audience()
    audio_audience = _audience()
    recent_audience = _audience()
    activity_audience = _audience()
    # Decided by moderators; taken away when over, so that a query needs no clock.
    suspended_until = models.DateTimeField(null=True, blank=True)
    limited_until = models.DateTimeField(null=True, blank=True)
    origin = models.CharField(
        max_length=12, choices=Origin.choices, default=Origin.SIGNED_UP
    )

    objects = PersonManager()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("handle"),
                name="user_unique_handle",
                violation_error_message="Someone has this handle already.",
            ),
            models.CheckConstraint(
                name="user_handle_is_lower_case",
                condition=models.Q(handle__isnull=True)
                | models.Q(handle=Lower("handle")),
            ),
            models.CheckConstraint(
                name="user_joined_has_handle",
                condition=models.Q(joined_at__isnull=True)
                | models.Q(handle__isnull=False),
            ),
        ]
        indexes = [
            # By handle as it is kept; the unique index is one of Lower("handle").
            models.Index(fields=["handle"], name="user_handle"),
            # The leaderboard's "active in the last … days".
            models.Index(fields=["last_active_at"], name="user_last_active"),
            models.Index(fields=["country"], name="user_country"),
            models.Index(fields=["origin"], name="user_origin"),
            # Whom a search by artist may find, without reading their rows.
            models.Index(
                fields=["id"],
                condition=models.Q(
                    shows_artists=True,
                    artists_audience="everyone",
                    is_active=True,
                    joined_at__isnull=False,
                    paused_at__isnull=True,
                    suspended_until__isnull=True,
                    is_hidden=False,
                ),
                name="user_shown",
            ),
            # Whom a filter by what they keep must not find, without their rows.
            models.Index(
                fields=["id"],
                condition=~models.Q(artists_audience="everyone"),
                name="user_keeps_artists",
            ),
            models.Index(
                fields=["id"],
                condition=~models.Q(genres_audience="everyone"),
                name="user_keeps_genres",
            ),
            models.Index(
                fields=["id"],
                condition=~models.Q(activity_audience="everyone"),
                name="user_keeps_activity",
            ),
            # Those whose suspension or limit may be over.
            models.Index(
                fields=["suspended_until"],
                condition=models.Q(suspended_until__isnull=False),
                name="user_suspended",
            ),
            models.Index(
                fields=["limited_until"],
                condition=models.Q(limited_until__isnull=False),
                name="user_limited",
            ),
        ]

    def __str__(self) -> str:
        return self.handle or self.username

    @property
    def shown_name(self) -> str:
        return self.display_name or self.handle or "you"

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None

    @property
    def is_discoverable(self) -> bool:
        return self.is_present and not self.is_hidden

    @property
    def is_present(self) -> bool:
        """Whether the people one is connected with may see one."""
        is_here = self.is_active and self.joined_at is not None
        return is_here and not self.is_paused and not self.is_suspended

    @property
    def is_suspended(self) -> bool:
        return self.suspended_until is not None

    def audience_of(self, section: Section) -> Audience:
        return Audience(getattr(self, f"{section}_audience"))

    def get_full_name(self) -> str:
        return self.shown_name

    def get_short_name(self) -> str:
        return self.shown_name


class SpotifyGrant(models.Model):
    """A person's consent at Spotify, with its tokens encrypted at rest.

    ``authorized_at`` is the moment of consent and never moves on refresh:
    Spotify ends every refresh token six months after it.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "active"
        NEEDS_RECONNECT = "needs_reconnect", "needs to be connected again"

    person = models.OneToOneField(
        User, on_delete=models.CASCADE, related_name="spotify_grant"
    )
    access_token = EncryptedTextField()
    refresh_token = EncryptedTextField(blank=True)
    scopes = models.TextField(blank=True)
    authorized_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    refreshed_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)

    def __str__(self) -> str:
        return f"Spotify grant of {self.person_id}"

    @property
    def version(self) -> tuple[datetime, datetime | None]:
        """Changes with every consent and every refresh."""
        return self.authorized_at, self.refreshed_at

    def is_fresh(self, now: datetime) -> bool:
        """Whether the access token outlives the next minute."""
        return self.expires_at > now + timedelta(minutes=1)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def good(self, now: datetime) -> Self:
        """Those by which someone can still come in."""
        return self.filter(
            revoked_at__isnull=True, expires_at__gt=now, used__lt=models.F("uses")
        )


class Invitation(models.Model):
    """A link by which so many people may make an account. Who made it is in the log.

    Only a digest of what stands in the link is kept: nobody who reads this table can
    come in by it.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    note = models.CharField(
        max_length=100, blank=True, help_text="For whom it is. Only staff sees this."
    )
    uses = models.PositiveSmallIntegerField(
        "people",
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="How many accounts may be made by it.",
    )
    used = models.PositiveSmallIntegerField("came in", default=0, editable=False)
    made_at = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField("good until")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="invitation_not_overused",
                condition=models.Q(used__lte=models.F("uses")),
            ),
        ]

    def __str__(self) -> str:
        return self.note or f"Invitation {self.pk}"

    def state(self, now: datetime) -> str:
        """Say in words whether someone can still come in by it."""
        if self.revoked_at is not None:
            return "taken back"
        if self.used >= self.uses:
            return "used up"
        return "good" if self.expires_at > now else "too old"


class ServiceGate(models.Model):
    """When an outside service asked the whole site to stop calling it."""

    class Reason(models.TextChoices):
        RATE = "rate", "too many calls in a short time"
        QUOTA = "quota", "the daily allowance is used up"

    service = models.CharField(max_length=20, primary_key=True)
    blocked_until = models.DateTimeField()
    reason = models.CharField(max_length=8, choices=Reason.choices)
    strikes = models.PositiveSmallIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.service} until {self.blocked_until:%Y-%m-%d %H:%M}"
