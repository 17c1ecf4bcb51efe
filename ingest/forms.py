"""Forms of ingest."""

from django import forms
from django.core.exceptions import ValidationError

from accounts.text import clean_line, clean_paragraphs
from ingest.names import name_key

FEWEST_PICKED, MOST_PICKED = 5, 50


def names_in(text: str) -> list[str]:
    """Return the names in some lines, tidied, each once."""
    names: dict[str, str] = {}
    for name in map(clean_line, clean_paragraphs(text).split("\n")):
        names.setdefault(name_key(name), name)
    return [name for key, name in names.items() if key]


class PickedArtistsForm(forms.Form):
    artists = forms.CharField(
        label="Your artists, the closest first",
        help_text=f"One a line, {FEWEST_PICKED} to {MOST_PICKED} of them.",
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
        max_length=12_000,
    )

    def clean_artists(self) -> list[str]:
        picked = names_in(self.cleaned_data["artists"])
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


class NameForm(forms.Form):
    """A name at a service, and a token that proves whose it is."""

    user_name = forms.CharField(
        label="Your user name there",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    # Never sent back to the browser: a password field forgets what was typed.
    token = forms.CharField(
        label="Your token",
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def clean_user_name(self) -> str:
        return clean_line(self.cleaned_data["user_name"])


class MutedSearchForm(forms.Form):
    q = forms.CharField(
        label="An artist",
        help_text="A part of the name is enough.",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class MuteForm(forms.Form):
    """One press about one artist."""

    artist = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    action = forms.ChoiceField(
        choices=[("leave_out", ""), ("count", ""), ("hide", ""), ("show", "")]
    )
