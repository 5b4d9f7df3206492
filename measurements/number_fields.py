"""Form field of a number that a person types."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


class PlainNumberField(forms.DecimalField):
    """Digits and a point. Python would read 1e2, 1_0 and the digits of other scripts as numbers too."""

    def to_python(self, value: Any) -> Any:
        text = "" if value is None else str(value).strip()
        if text and not PLAIN_NUMBER.fullmatch(text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)
