"""Reporting someone."""

from typing import Any

from django import forms

from accounts.forms import ParagraphsField
from social.forms.texts import check_length
from social.models import WORDS_LENGTH, Report
from social.reportable import MESSAGES_KEPT


class ReportForm(forms.Form):
    """A reason, words, and whether the last messages of the two may be read."""

    reason = forms.ChoiceField(
        label="What is wrong",
        choices=Report.Reason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what fits best."},
    )
    words = ParagraphsField(
        label="In your words",
        required=False,
        help_text=(
            "What happened, and what moderators should know."
            f" Up to {WORDS_LENGTH:,} characters."
        ),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    may_read_messages = forms.BooleanField(
        label=f"Moderators may read the last {MESSAGES_KEPT} messages of our thread",
        required=False,
        help_text="Yours and theirs. Without this they read only what you report.",
    )

    def __init__(self, *args: Any, has_thread: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_thread:
            del self.fields["may_read_messages"]

    def clean_words(self) -> str:
        words: str = self.cleaned_data["words"]
        check_length(words, WORDS_LENGTH)
        return words

    def clean(self) -> None:
        is_other = self.cleaned_data.get("reason") == Report.Reason.OTHER
        if is_other and self.cleaned_data.get("words") == "":
            self.add_error("words", "Say what is wrong: none of the reasons fits.")
