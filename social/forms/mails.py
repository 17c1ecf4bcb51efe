"""Which mails one wants."""

from django import forms

from social.models import MailChoice, Topic


class MailChoicesForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = MailChoice
        fields = tuple(topic.value for topic in Topic)
        labels = {topic.value: topic.label for topic in Topic}
        help_texts = {
            "messages": "One mail until you have read the conversation.",
            "decisions": "Also when a report or an appeal of yours is decided.",
        }

    def wanted(self) -> set[Topic]:
        return {topic for topic in Topic if self.cleaned_data[topic.value]}
