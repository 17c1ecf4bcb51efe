"""Rules for passwords beside Django's own."""

import re

from django.core.exceptions import ValidationError

from accounts.models import User

LONGEST = 256
# What whoever guesses a password of this site tries first. In SECURITY.md as well.
SITE_WORDS = (
    "musicmatch",
    "spotify",
    "lastfm",
    "listenbrainz",
    "musicbrainz",
    "music",
    "password",
    "listen",
    "match",
)
# A password is refused where so few characters are left beside words of the site.
_FEWEST_OWN = 6
_NO_LETTER = re.compile(r"[\W_]+")


class MaximumLengthValidator:
    """Long enough for every sentence, and short enough to be hashed at once."""

    def validate(self, password: str, user: User | None = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(
                f"This password is longer than {LONGEST} characters.",
                code="password_too_long",
            )

    def get_help_text(self) -> str:
        return f"Your password can have up to {LONGEST} characters."


class SiteWordsValidator:
    """Refuse passwords that are little more than the name of this site."""

    def validate(self, password: str, user: User | None = None) -> None:
        rest = _NO_LETTER.sub("", password.lower())
        without = rest
        for word in SITE_WORDS:
            without = without.replace(word, "")
        if without != rest and len(without) < _FEWEST_OWN:
            raise ValidationError(
                "This password is easy to guess for this site.",
                code="password_of_this_site",
            )

    def get_help_text(self) -> str:
        return "Your password can’t be made of words of this site only."
