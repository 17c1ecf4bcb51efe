"""The leaderboard's filters."""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from django import forms
from django.core.cache import cache
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_countries import countries

from accounts.models import User
from ingest.models import Genre

_COUNTRIES_SECONDS = 60


class _PlainSelect(forms.Select):
    """A select drawn in one go: Django renders a template for each option."""

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: BaseRenderer | None = None,
    ) -> SafeString:
        shown = "" if value is None else str(value).upper()
        options = (
            (key, flatatt({"selected": str(key).upper() == shown}), label)
            for key, label in self.choices
        )
        return format_html(
            '<select name="{}"{}>{}</select>',
            name,
            flatatt(self.build_attrs(self.attrs, attrs)),
            format_html_join("", '<option value="{}"{}>{}</option>', options),
        )


class FilterForm(forms.Form):
    """Every filter may be absent. Nonsense is named, and then filters nothing."""

    q = forms.CharField(label="Name or handle", required=False, max_length=50)
    country = forms.CharField(label="Country", required=False, widget=_PlainSelect)
    genre = forms.CharField(
        label="Genre",
        required=False,
        max_length=100,
        help_text="As it is written on taste pages, for example trip hop.",
    )
    min_shared = forms.IntegerField(
        label="At least this many shared artists",
        required=False,
        min_value=0,
        max_value=150,
    )
    min_score = forms.DecimalField(
        label="At least this score",
        required=False,
        min_value=0,
        max_value=100,
        decimal_places=1,
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        widget = self.fields["country"].widget
        assert isinstance(widget, _PlainSelect)  # noqa: S101
        chosen = self.data.get("country", "").upper()
        widget.choices = [("", "anywhere"), *_countries(chosen)]

    def clean_country(self) -> str:
        """Any country will do, also one nobody here shows."""
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
                "Nobody here has a genre of this name.", code="unknown"
            )
        return genre


def _countries(chosen: str) -> list[tuple[str, str]]:
    """Codes and names of countries people here show, and of the one that was chosen."""
    here: list[tuple[str, str]] | None = cache.get("countries-here")
    if here is None:
        people = User.objects.discoverable().order_by()
        here = _named(people.values_list("country", flat=True).distinct())
        cache.set("countries-here", here, _COUNTRIES_SECONDS)
    if chosen in dict(here):
        return here
    return sorted([*here, *_named([chosen])], key=itemgetter(1))


def _named(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Countries by code and name, in the order of the alphabet."""
    named = [(code, str(countries.name(code))) for code in codes if code in countries]
    return sorted(named, key=itemgetter(1))
