"""The leaderboard's filters."""

from functools import cache
from typing import Any

from django import forms
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django_countries import countries

from accounts.forms import LineField
from accounts.models import Audience, User
from ingest.models import Genre
from matching import private


class _PlainSelect(forms.Select):
    """A select drawn in one go: Django renders a template for each option."""

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: BaseRenderer | None = None,
    ) -> SafeString:
        chosen = escape("" if value is None else str(value).upper())
        options = _drawn(tuple(self.choices)).replace(
            f'value="{chosen}"', f'value="{chosen}" selected', 1
        )
        return format_html(
            '<select name="{}"{}>{}</select>',
            name,
            flatatt(self.build_attrs(self.attrs, attrs)),
            SafeString(options),
        )


@cache
def _drawn(choices: tuple[tuple[str, str], ...]) -> SafeString:
    """Draw options once for everyone: there are 250 countries."""
    return format_html_join("", '<option value="{}">{}</option>', choices)


class FilterForm(forms.Form):
    """Every filter may be absent. Nonsense is named, and then filters nothing.

    People look for others by what they show themselves; ``kept`` names the rest.
    """

    q = forms.CharField(label="Name or handle", required=False, max_length=50)
    country = forms.CharField(label="Country", required=False, widget=_PlainSelect)
    genre = forms.CharField(
        label="Genre",
        required=False,
        max_length=100,
        help_text="As it is written on taste pages, for example trip hop.",
    )
    min_shared = forms.IntegerField(
        label="Shared artists, at least",
        required=False,
        min_value=0,
        max_value=150,
        # A number field of the browser would drop what it cannot read.
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    min_score = forms.DecimalField(
        label="Score, at least",
        required=False,
        min_value=0,
        max_value=100,
        decimal_places=1,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    active_days = forms.TypedChoiceField(
        label="Active in the last",
        required=False,
        coerce=int,
        empty_value=None,
        widget=_PlainSelect,
        choices=[
            ("", "any time"),
            ("1", "day"),
            ("7", "7 days"),
            ("30", "30 days"),
            ("90", "90 days"),
        ],
    )

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        widget = self.fields["country"].widget
        assert isinstance(widget, _PlainSelect)  # noqa: S101
        widget.choices = _options()
        self.kept = [
            str(self.fields.pop(name).label)
            for name, section in private.FILTERS.items()
            if viewer.audience_of(section) != Audience.EVERYONE
        ]

    def clean_country(self) -> str:
        """Any country will do, in capitals or not."""
        code: str = self.cleaned_data["country"].upper()
        if code and code not in countries:
            raise forms.ValidationError(
                "There is no country with this code.", code="unknown"
            )
        return code

    def clean_genre(self) -> Genre | None:
        name = " ".join(self.cleaned_data["genre"].lower().split())
        if not name:
            return None
        genre = Genre.objects.filter(name=name).first()
        if genre is None:
            raise forms.ValidationError(
                "We know no genre of this name.", code="unknown"
            )
        return genre


@cache
def _options() -> list[tuple[str, str]]:
    """Every country by code and name: those of people here would say who is hidden."""
    return [("", "anywhere"), *((code, str(name)) for code, name in countries)]


class ArtistSearchForm(forms.Form):
    """The name of an artist, or a part of it."""

    q = LineField(
        label="Artist",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
