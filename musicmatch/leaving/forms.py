"""Making sure that whoever deletes an account is the one it belongs to."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts import handles
from accounts.models import User


class LeaveForm(forms.Form):
    """The password; for people who have none, the name they go by here."""

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._person = person
        if person.has_usable_password():
            del self.fields["name"]
        else:
            del self.fields["password"]
            self.fields["name"].label = f"Type {person} to go on"

    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Type your password."},
    )
    name = forms.CharField(
        max_length=150,
        widget=forms.TextInput(
            attrs={
                "autocapitalize": "none",
                "autocomplete": "off",
                "spellcheck": "false",
            }
        ),
        error_messages={"required": "Type the name."},
    )

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self._person.check_password(password):
            raise ValidationError("This is not your password.", code="wrong")
        return password

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if handles.normalise(name) != handles.normalise(str(self._person)):
            raise ValidationError(f"This is not {self._person}.", code="wrong")
        return name
