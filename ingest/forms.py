"""Forms of ingest."""

from django import forms
from django.core.exceptions import ValidationError

from accounts.text import clean_line, clean_paragraphs
from ingest.models import name_key

FEWEST_PICKED, MOST_PICKED = 5, 50


class PickedArtistsForm(forms.Form):
    artists = forms.CharField(
        label="Your artists, the closest first",
        help_text=f"One a line, {FEWEST_PICKED} to {MOST_PICKED} of them.",
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
        max_length=12_000,
    )

    def clean_artists(self) -> list[str]:
        lines = clean_paragraphs(self.cleaned_data["artists"]).split("\n")
        names: dict[str, str] = {}
        for name in map(clean_line, lines):
            names.setdefault(name_key(name), name)
        picked = [name for key, name in names.items() if key]
        if len(picked) < FEWEST_PICKED:
            raise ValidationError(
                f"Name at least {FEWEST_PICKED} different artists;"
                f" you named {len(picked)}.",
                code="few",
            )
        if len(picked) > MOST_PICKED:
            raise ValidationError(
                f"Name at most {MOST_PICKED} artists; there are {len(picked)}.",
                code="many",
            )
        if any(len(name) > 200 for name in picked):
            raise ValidationError(
                "One of the names is longer than 200 letters.", code="long"
            )
        return picked
