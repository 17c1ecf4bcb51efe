"""The leaderboard's filters."""

from typing import Any

from django import forms
from django_countries import countries

from ingest.models import Genre


class FilterForm(forms.Form):
    """Every filter may be absent. Nonsense is named, and then filters nothing."""

    q = forms.CharField(label="Name or handle", required=False, max_length=50)
    country = forms.ChoiceField(label="Country", required=False)
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
        # A number field of the browser would drop what it cannot read.
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    min_score = forms.DecimalField(
        label="At least this score",
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
        country = self.fields["country"]
        assert isinstance(country, forms.ChoiceField)  # noqa: S101
        country.choices = [("", "anywhere"), *countries]

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

    @property
    def is_used(self) -> bool:
        """Whether any filter was given, sensible or not."""
        return any(self.data.get(name) for name in self.fields)
