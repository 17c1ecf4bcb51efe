"""A piece of music laid beside a text: what a request or a message starts from."""

from typing import Any

from django.db import models
from django.db.models.functions import Length


class CardKind(models.TextChoices):
    ARTIST = "artist", "Artist"
    TRACK = "track", "Track"


class WithCard(models.Model):
    """Carries at most one artist or track, kept by name: it outlives every import."""

    card_kind = models.CharField(max_length=6, choices=CardKind.choices, blank=True)
    card_name = models.CharField(max_length=300, blank=True)
    # Who made the track; empty for an artist.
    card_artist = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True

    @property
    def has_card(self) -> bool:
        return bool(self.card_kind)


def card_constraint(model: str) -> models.CheckConstraint:
    """A card has a kind and a name, or neither."""
    return models.CheckConstraint(
        condition=models.Q(card_kind="", card_name="", card_artist="")
        | (models.Q(card_kind="artist", card_artist="") & ~models.Q(card_name=""))
        | (models.Q(card_kind="track") & ~models.Q(card_name="")),
        name=f"{model}_card_is_whole",
    )


def text_constraint(model: str, field: str, most: int, **more: Any) -> Any:
    """No more characters than ``most``, as the database counts them."""
    return models.CheckConstraint(
        condition=models.lookups.LessThanOrEqual(Length(field), most),
        name=f"{model}_{field}_fits",
        **more,
    )
