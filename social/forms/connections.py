"""Asking someone to connect."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from accounts.forms import ParagraphsField
from social.affinity import Card
from social.forms.texts import check_length
from social.models import NOTE_LENGTH

_PARTS = ("kind", "name", "artist")
NOT_SHARED = (
    "That artist or track is not among the music of you two here."
    " Choose another one, or none."
)


def card_wish(data: Mapping[str, Any]) -> str:
    """Return the choice that an address asks for by its parts, "" without one."""
    parts = [str(data.get(part) or "") for part in _PARTS]
    return json.dumps(parts, ensure_ascii=False) if any(parts) else ""


def _choice(card: Card) -> tuple[str, str]:
    label = f"{card.name} by {card.artist}" if card.is_track else card.name
    parts = [card.kind, card.name, card.artist]
    return json.dumps(parts, ensure_ascii=False), label


def _choices(cards: Sequence[Card]) -> list[tuple[str, Any]]:
    """The cards to choose from, grouped by what they are."""
    groups = (
        ("Artists you share", [c for c in cards if c.is_shared and not c.is_track]),
        ("Tracks to begin with", [c for c in cards if c.is_track]),
        (
            "Artists to give each other",
            [c for c in cards if not (c.is_shared or c.is_track)],
        ),
    )
    found = [(name, [_choice(card) for card in of_one]) for name, of_one in groups]
    return [("", "None"), *((name, choices) for name, choices in found if choices)]


class RequestForm(forms.Form):
    """A short note and one piece of music, both as one likes.

    Given no data it starts from ``wish``, a choice that an address asks for.
    """

    note = ParagraphsField(
        label="A few words",
        required=False,
        help_text=f"Up to {NOTE_LENGTH} characters, and as plain as you like.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        cards: Sequence[Card],
        wish: str = "",
    ) -> None:
        if data is not None and "card" not in data:
            data = {"note": data.get("note", ""), "card": card_wish(data)}
        super().__init__(data, initial={"card": wish})
        self.fields["card"] = forms.ChoiceField(
            label="Begin with",
            required=False,
            choices=_choices(cards),
            error_messages={"invalid_choice": NOT_SHARED},
            widget=forms.Select if cards else forms.HiddenInput,
        )
        self._cards = {_choice(card)[0]: card for card in cards}
        self.refused = NOT_SHARED if wish and wish not in self._cards else ""

    def clean_note(self) -> str:
        note: str = self.cleaned_data["note"]
        check_length(note, NOTE_LENGTH)
        return note

    def clean_card(self) -> Card | None:
        return self._cards.get(self.cleaned_data["card"])
