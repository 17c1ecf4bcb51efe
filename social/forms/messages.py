"""Writing a message."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.forms import ParagraphsField
from accounts.text import length_of
from social.affinity import Card
from social.models import MESSAGE_LENGTH
from social.models.threads import STORED_LENGTH


class MessageForm(forms.Form):
    """A text, a card, or both. ``cards`` are those that may be laid beside it.

    Given no data it starts from ``chosen``, what an address asks to lay beside it.
    """

    body = ParagraphsField(
        label="Your message",
        required=False,
        help_text=f"Up to {MESSAGE_LENGTH:,} characters.",
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "on"}),
    )
    # The browser must not put an old key back into a new page: the form says so, as a
    # hidden field may not.
    once_key = forms.Field(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        cards: Sequence[Card],
        chosen: Mapping[str, str],
    ) -> None:
        super().__init__(data, initial={"once_key": uuid.uuid4()})
        wish = chosen if data is None else data
        self._wish = tuple(wish.get(part) or "" for part in ("kind", "name", "artist"))
        is_wished = [card for card in cards if card.is_same(*self._wish)]
        self.card = is_wished[0] if is_wished else None

    def clean_body(self) -> str:
        body: str = self.cleaned_data["body"]
        length = length_of(body)
        if length > MESSAGE_LENGTH:
            raise ValidationError(
                f"This is {length:,} characters long, and {MESSAGE_LENGTH:,} fit."
                " Shorten it, or send it in parts.",
                code="too_long",
            )
        if len(body) > STORED_LENGTH:
            raise ValidationError(
                "So many of these characters are put together from several that the"
                " text is too large to keep. Send it in parts.",
                code="too_large",
            )
        return body

    def clean_once_key(self) -> uuid.UUID:
        """Return the form's key; a new one for a form that is not one of ours."""
        try:
            return uuid.UUID(self.cleaned_data["once_key"] or "")
        except ValueError:
            return uuid.uuid4()

    def clean(self) -> None:
        if any(self._wish) and self.card is None:
            raise ValidationError(
                "That artist or track is not one of those you can send here."
                " Your text is still here: send it without, or choose another.",
                code="card",
            )
        if self.card is None and self.cleaned_data.get("body") == "":
            self.add_error("body", "Write something first.")

    def renew(self) -> None:
        """Give the form a key that no message has yet."""
        self.data = {
            **self.data,
            "body": self["body"].value(),
            "once_key": uuid.uuid4(),
        }
