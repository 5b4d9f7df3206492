"""What people type, checked beside the field; what it means for a patient or an account is the domain's."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import SetPasswordForm


class ChoosePasswordForm(SetPasswordForm):
    """The first password of an invited person."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = "Password"
        self.fields["new_password1"].help_text = "At least 12 characters. A few unusual words are easy to remember."
        self.fields["new_password2"].label = "The same password again"
