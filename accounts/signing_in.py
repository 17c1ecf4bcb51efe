"""allauth's forms in this site's words."""

from typing import Any

from allauth.account import forms as stock

_LABELS = {
    "login": "User name",
    "username": "User name",
    "email": "E-mail",
    "password": "Password",
    "password1": "Password",
    "password2": "The same password again",
    "oldpassword": "Your password until now",
    "remember": "Stay signed in on this device",
}
_HELP = {
    "password1": (
        "At least 10 characters, and nothing easy to guess. A sentence is fine."
    )
}


class _OurWords:
    """Labels instead of placeholders, one sentence instead of four rules."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = _LABELS.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)
            field.help_text = _HELP.get(name, field.help_text)


class LoginForm(_OurWords, stock.LoginForm):
    pass


class SignupForm(_OurWords, stock.SignupForm):
    show_optional = True


class ChangePasswordForm(_OurWords, stock.ChangePasswordForm):
    pass


class SetPasswordForm(_OurWords, stock.SetPasswordForm):
    pass


class ResetPasswordForm(_OurWords, stock.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(_OurWords, stock.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(_OurWords, stock.ReauthenticateForm):
    pass


class AddEmailForm(_OurWords, stock.AddEmailForm):
    pass
