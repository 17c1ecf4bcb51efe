"""Checking long texts as people count them."""

from django.core.exceptions import ValidationError

from accounts.text import length_of


def check_length(text: str, most: int) -> None:
    """Refuse more characters than people count, and more than are stored of them."""
    length = length_of(text)
    if length > most:
        raise ValidationError(
            f"This is {length:,} characters long, and {most:,} fit. Shorten it.",
            code="too_long",
        )
    if len(text) > most * 4:
        raise ValidationError(
            "So many of these characters are put together from several that the text"
            " is too large to keep. Shorten it.",
            code="too_large",
        )
