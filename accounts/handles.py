"""What a handle may be, and a suggestion for someone who has none yet."""

import secrets

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

MIN_LENGTH, MAX_LENGTH = 3, 30

RESERVED = frozenset(
    """about account accounts admin administrator all anonymous api blocked
    connections data deleted everyone export help healthz home host login logout
    matches me messages moderation moderator moderators musicmatch muted nobody
    none notices notifications null official people privacy readyz root search
    settings signup someone sources spotify staff static support system taste
    undefined user users welcome you""".split()
)

_ADJECTIVES = """amber autumn blue brass bright calm copper distant early east
electric evening faded first gentle golden green hidden hollow indigo late
little long lunar marble midnight morning narrow night northern old open pale
paper quiet rainy red river rolling royal rusty salt second silent silver slow
small soft southern spare stereo summer sunday velvet violet warm western wild
winter wooden""".split()
_NOUNS = """anthem arcade avenue ballad bassline bell bridge cassette chorus
coda cymbal dial drum echo ember encore fader garden groove harbour harmony
headphone horn interlude jukebox kettle lantern loop lullaby meadow melody
metronome mixtape needle nocturne octave organ overture piano pocket prelude
radio record refrain reverb rhythm signal sleeve sonata static string tape
tempo tide treble tremolo valley verse vinyl waltz window""".split()

_characters = RegexValidator(
    r"\A[a-z0-9_]+\Z", "Use only the letters a–z, the digits 0–9 and the underscore."
)


def normalise(text: str) -> str:
    """Return the one spelling of a handle: handles that differ by case are one."""
    return text.strip().removeprefix("@").lower()


def validate_handle(handle: str) -> None:
    """Raise :class:`ValidationError` in words when a handle cannot be had by anyone."""
    if not MIN_LENGTH <= len(handle) <= MAX_LENGTH:
        raise ValidationError(
            f"A handle has {MIN_LENGTH} to {MAX_LENGTH} characters.", code="length"
        )
    _characters(handle)
    if handle.strip("_") in RESERVED or not handle.strip("_"):
        raise ValidationError(
            "This handle is kept for the site itself. Please choose another.",
            code="reserved",
        )


def suggest_handle() -> str:
    """Return a random handle that says nothing about the person."""
    adjective, noun = secrets.choice(_ADJECTIVES), secrets.choice(_NOUNS)
    return f"{adjective}_{noun}_{secrets.randbelow(9000) + 1000}"
