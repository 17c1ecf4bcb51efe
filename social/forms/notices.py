"""Answering a decision."""

from django import forms

from accounts.forms import ParagraphsField
from social.forms.texts import check_length
from social.models import APPEAL_LENGTH


class AppealForm(forms.Form):
    words = ParagraphsField(
        label="Why the decision should be taken back",
        help_text=(
            "You can answer once, so say everything that matters."
            f" Up to {APPEAL_LENGTH:,} characters."
        ),
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": "Say why, in your words."},
    )

    def clean_words(self) -> str:
        words: str = self.cleaned_data["words"]
        check_length(words, APPEAL_LENGTH)
        return words
