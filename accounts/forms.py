"""Forms about oneself."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError

from accounts import handles
from accounts.models import Audience, Section, User
from accounts.text import clean_line, clean_paragraphs


class LineField(forms.CharField):
    """One line of text for others to read; its length is that of the clean text."""

    def to_python(self, value: Any) -> str:
        return clean_line(super().to_python(value) or "")


class ParagraphsField(forms.CharField):
    """Like :class:`LineField`, with line breaks."""

    def to_python(self, value: Any) -> str:
        return clean_paragraphs(super().to_python(value) or "")


class _PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """The fields others will see, cleaned, with the handle's rules in words."""

    handle = forms.CharField(
        max_length=60,
        help_text=(
            "Your name in addresses here: 3 to 30 of a–z, 0–9 and _."
            " It need not say who you are."
        ),
        widget=forms.TextInput(
            attrs={
                "autocapitalize": "none",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
    )

    def clean_handle(self) -> str:
        handle = handles.normalise(self.cleaned_data["handle"])
        handles.validate_handle(handle)
        taken = User.objects.with_handle(handle).exclude(pk=self.instance.pk)
        if taken.exists():
            raise ValidationError("Someone has this handle already.", code="unique")
        return handle


class JoinForm(_PersonForm):
    field_order = ("handle", "display_name", "country", "consent", "shows_artists")
    consent = forms.BooleanField(
        label="Compare my taste with other people here",
        help_text="People who joined can then find you. You can pause at any time.",
        error_messages={
            "required": "Nobody is compared without saying yes. Tick this to join."
        },
    )

    class Meta:
        model = User
        fields = ("handle", "display_name", "country", "shows_artists")
        field_classes = {"display_name": LineField}
        labels = {"shows_artists": "Let people find me by an artist I listen to"}
        help_texts = {
            "display_name": "Shown beside your handle. Leave it empty to go by that.",
            "country": "Only if you want it shown and found.",
            "shows_artists": (
                "Whoever looks for one of your artists then finds you there, with its"
                " place in your list. You can take it back at any time."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound and not self.instance.handle:
            self.initial["handle"] = handles.suggest_handle()


@cache
def _time_zones() -> list[tuple[str, str]]:
    names = sorted(z for z in available_timezones() if "/" in z or z == "UTC")
    return [(name, name.replace("_", " ")) for name in names]


class ProfileForm(_PersonForm):
    time_zone = forms.ChoiceField(choices=_time_zones, label="Time zone")

    class Meta:
        model = User
        fields = ("handle", "display_name", "country", "bio", "time_zone")
        field_classes = {"display_name": LineField, "bio": ParagraphsField}
        widgets = {"bio": forms.Textarea(attrs={"rows": 4})}
        labels = {"bio": "About you"}


_COVERS = {
    Section.COUNTRY: "On your profile and in lists.",
    Section.ARTISTS: (
        "Your top list, what you share with someone, and tracks to begin a talk with."
    ),
    Section.GENRES: "Beside theirs, and in the reasons for a score.",
    Section.AUDIO: "Tempo, energy and the like, beside theirs.",
    Section.RECENT: "What you lately played by artists you share.",
    Section.ACTIVITY: "On your profile and in lists.",
}


class PrivacyForm(forms.Form):
    """Who finds a person, and for each section of a profile who is shown it."""

    is_hidden = forms.TypedChoiceField(
        label="People who can find me",
        coerce=lambda value: value == "hidden",
        choices=[
            ("found", "Everyone who joined"),
            ("hidden", "Nobody but my connections"),
        ],
        widget=forms.RadioSelect,
        help_text="Hidden from everyone else, you find nobody else either.",
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["is_hidden"] = "hidden" if person.is_hidden else "found"
        for section in Section:
            self.initial[section.value] = person.audience_of(section)
            self.fields[section.value] = forms.ChoiceField(
                label=section.label,
                choices=Audience.choices,
                help_text=_COVERS[section],
            )

    @property
    def sections(self) -> list[forms.BoundField]:
        """The fields that each say who is shown one section."""
        return [self[section.value] for section in Section]

    @property
    def audiences(self) -> dict[Section, Audience]:
        """What a valid form says of each section."""
        return {s: Audience(self.cleaned_data[s.value]) for s in Section}
