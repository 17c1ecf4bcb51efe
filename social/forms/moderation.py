"""What moderators decide: the required fields are the statement of reasons."""

from datetime import datetime
from typing import Any

from django import forms

from accounts.forms import ParagraphsField
from social.forms.texts import check_length
from social.models import ModerationAction, Report
from social.services import Statement, verbs_for

_Verb = ModerationAction.Verb
_Rule = ModerationAction.Rule
_TEXT_LENGTH = 2000
_UNTIL = (_Verb.LIMIT, _Verb.SUSPEND)
_LABELS = {
    _Verb.DISMISS: "Dismiss the report",
    _Verb.REMOVE_MESSAGE: "Remove the text, for good",
    _Verb.CLEAR_PROFILE: "Empty the name and the words on the profile, for good",
    _Verb.WARN: "Warn",
    _Verb.LIMIT: "No new requests until",
    _Verb.SUSPEND: "Suspend until",
}


class _ReasonForm(forms.Form):
    reason = ParagraphsField(
        label="Reason",
        help_text=(
            "Why this follows from it. The person concerned reads it, and it stays in"
            " the log for good. Never name who reported."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        error_messages={"required": "Give the reason."},
    )

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        check_length(reason, _TEXT_LENGTH)
        return reason


class DecisionForm(_ReasonForm):
    """One verb about an open case, with its rule, facts, reason and end."""

    field_order = ("verb", "until", "rule", "facts", "reason")
    verb = forms.ChoiceField(
        label="Decision",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what to do."},
    )
    until = forms.DateTimeField(
        label="Until",
        required=False,
        help_text="Only for a limit and a suspension, in your time zone.",
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
        error_messages={"invalid": "Give a date and a time."},
    )
    rule = forms.ChoiceField(label="Rule", choices=_Rule.choices)
    facts = ParagraphsField(
        label="Facts",
        required=False,
        help_text=(
            "What you looked at, in words the person concerned will read. Needed for"
            " everything but a dismissal."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
    )

    def __init__(
        self, *args: Any, report: Report, now: datetime, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._now = now
        verb: Any = self.fields["verb"]
        verb.choices = [(v, _LABELS[_Verb(v)]) for v in verbs_for(report)]
        self.initial.setdefault("rule", _Rule.NONE)

    def clean_facts(self) -> str:
        facts: str = self.cleaned_data["facts"]
        check_length(facts, _TEXT_LENGTH)
        return facts

    def clean(self) -> None:
        verb = self.cleaned_data.get("verb")
        if verb is None:
            return
        is_dismissal = verb == _Verb.DISMISS
        is_none = self.cleaned_data.get("rule") == _Rule.NONE
        if is_dismissal and not is_none:
            self.add_error("rule", "A report is dismissed when no rule was broken.")
        if not is_dismissal and is_none:
            self.add_error("rule", "Name the rule that was broken.")
        if not is_dismissal and self.cleaned_data.get("facts") == "":
            self.add_error("facts", "Say what you looked at.")
        if verb in _UNTIL and "until" not in self.errors:
            self._check_until()

    def _check_until(self) -> None:
        until = self.cleaned_data.get("until")
        if until is None:
            self.add_error("until", "Say until when.")
        elif until <= self._now:
            self.add_error("until", "This moment has passed.")

    def statement(self) -> Statement:
        return Statement(
            rule=self.cleaned_data["rule"],
            facts=self.cleaned_data["facts"],
            reason=self.cleaned_data["reason"],
        )


class DismissalForm(_ReasonForm):
    """Why several reports are dismissed at once."""

    def statement(self) -> Statement:
        return Statement(rule=_Rule.NONE, reason=self.cleaned_data["reason"])


class RestoreForm(DismissalForm):
    """Why a suspension or a limit ends before its time."""

    prefix = "restore"


class AppealDecisionForm(_ReasonForm):
    """Whether a decision stands after an appeal, and why."""

    field_order = ("outcome", "reason")
    outcome = forms.ChoiceField(
        label="Outcome",
        widget=forms.RadioSelect,
        choices=[
            (_Verb.UPHOLD, "The decision stands"),
            (_Verb.OVERTURN, "Take the decision back"),
        ],
        error_messages={"required": "Choose what to do."},
    )
