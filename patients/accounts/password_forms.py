"""Password forms of allauth and Django with our labels: invitation, change, reset."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm, ResetPasswordKeyForm
from django import forms
from django.contrib.auth.forms import SetPasswordForm

PASSWORD_HELP_TEXT = "At least 12 characters. A few unusual words are easy to remember."  # noqa: S105  a help text
PASSWORD_REPEAT_LABEL = "The same password again"  # noqa: S105  a label


class InvitationPasswordForm(SetPasswordForm):
    """The first password of an invited user; its errors are shown below it, not below its repetition."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_label_and_help(self.fields["new_password1"], "Password", PASSWORD_HELP_TEXT)
        set_label_and_help(self.fields["new_password2"], PASSWORD_REPEAT_LABEL)

    def clean(self) -> dict[str, Any]:
        self.validate_passwords("new_password1", "new_password2")
        self.validate_password_for_user(self.user, "new_password1")
        return self.cleaned_data


class PasswordChangeForm(ChangePasswordForm):
    """Change of the password of a signed-in user."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_label_and_help(self.fields["oldpassword"], "Your password until now", self.fields["oldpassword"].help_text)
        set_label_and_help(self.fields["password1"], "New password", PASSWORD_HELP_TEXT)
        set_label_and_help(self.fields["password2"], PASSWORD_REPEAT_LABEL)


class PasswordResetKeyForm(ResetPasswordKeyForm):
    """A new password after the mailed reset link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_label_and_help(self.fields["password1"], "New password", PASSWORD_HELP_TEXT)
        set_label_and_help(self.fields["password2"], PASSWORD_REPEAT_LABEL)


def set_label_and_help(field: forms.Field, label: str, help_text: str = "") -> None:
    """A label above the field and no placeholder, as in all forms here."""
    field.label, field.help_text = label, help_text
    field.widget.attrs.pop("placeholder", None)
