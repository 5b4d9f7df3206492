"""Field validation that refuses what Django REST Framework refuses, with its messages."""

import re
from dataclasses import dataclass
from typing import Any

from devices.simulator.runtime.messages import ApiError, Json

EMAIL_PATTERN = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
URL_PATTERN = re.compile(r"https?://[^\s/]+.*")
BOOLEAN_VALUES = dict.fromkeys((True, "true", "True", "1"), True) | dict.fromkeys((False, "false", "False", "0"), False)


@dataclass(frozen=True)
class Field:
    kind: str = "text"  # text, boolean, email, url, integer, any
    max_length: int = 255
    required: bool = False
    null: bool = True
    blank: bool = True
    choices: tuple[str, ...] = ()

    def clean(self, value: Any) -> Any:
        """The value to store; ValueError with DRF's message for an invalid one."""
        if value is None:
            if self.null:
                return None
            raise ValueError("This field may not be null.")
        if self.kind == "any":
            return value
        if self.kind == "boolean":
            if isinstance(value, list | dict) or value not in BOOLEAN_VALUES:
                raise ValueError("Must be a valid boolean.")
            return BOOLEAN_VALUES[value]
        if self.kind == "integer":
            try:
                return int(value)
            except (TypeError, ValueError) as error:
                raise ValueError("A valid integer is required.") from error
        return self.parse_text(value)

    def parse_text(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("Not a valid string.")  # noqa: TRY004  every refusal of a value is a ValueError
        text = str(value).strip()
        checks = [
            ("\0" in text, "Null characters are not allowed."),
            (not text and not self.blank, "This field may not be blank."),
            (len(text) > self.max_length, f"Ensure this field has no more than {self.max_length} characters."),
            (bool(text) and self.kind == "email" and not EMAIL_PATTERN.fullmatch(text), "Enter a valid email address."),
            (bool(text) and self.kind == "url" and not URL_PATTERN.fullmatch(text), "Enter a valid URL."),
            (bool(self.choices) and text not in self.choices, f'"{text}" is not a valid choice.'),
        ]
        for is_wrong, message in checks:
            if is_wrong:
                raise ValueError(message)
        return text


TEXT_FIELD = Field()
BOOLEAN_FIELD = Field(kind="boolean", null=False)
REQUIRED_TEXT_FIELD = Field(required=True, null=False, blank=False)
SHIPPING_FIELDS = ("shipping_name", "shipping_address", "shipping_city", "shipping_state", "shipping_zip_code")


def validate_fields(data: Any, spec: dict[str, Field], *, partial: bool = False) -> tuple[Json, Json]:
    """The known fields that were sent, and the errors by field. Unknown and read-only keys are ignored."""
    if not isinstance(data, dict):
        kind = type(data).__name__
        return {}, {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {kind}."]}
    values: Json = {}
    errors: Json = {}
    for name, field in spec.items():
        if name not in data:
            if field.required and not partial:
                errors[name] = ["This field is required."]
            continue
        try:
            values[name] = field.clean(data[name])
        except ValueError as error:
            errors[name] = [str(error)]
    return values, errors


def require_valid_fields(data: Any, spec: dict[str, Field], *, partial: bool = False) -> Json:
    """The known fields that were sent; ApiError 400 if any is invalid."""
    values, errors = validate_fields(data, spec, partial=partial)
    if errors:
        raise ApiError(400, errors)
    return values
