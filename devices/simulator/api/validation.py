"""Just enough of a serializer to refuse what DRF refuses, in its words."""

import re
from dataclasses import dataclass
from typing import Any

from devices.simulator.runtime.messages import ApiError, Json

EMAIL_PATTERN = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
URL_PATTERN = re.compile(r"https?://[^\s/]+.*")


@dataclass(frozen=True)
class Field:
    kind: str = "text"  # text, boolean, email, url, integer, any
    max_length: int = 255
    required: bool = False
    null: bool = True
    blank: bool = True
    choices: tuple[str, ...] = ()

    def clean(self, value: Any) -> Any:
        """The value to store; ValueError with DRF's sentence when it won't do."""
        if value is None:
            if self.null:
                return None
            raise ValueError("This field may not be null.")
        if self.kind == "any":
            return value
        if self.kind == "boolean":
            return parse_boolean(value)
        if self.kind == "integer":
            return parse_integer(value)
        return self.parse_text(value)

    def parse_text(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("Not a valid string.")  # noqa: TRY004  every refusal of a value is a ValueError
        text = str(value).strip()
        for wrong, sentence in self.text_errors(text):
            if wrong:
                raise ValueError(sentence)
        return text

    def text_errors(self, text: str) -> list[tuple[bool, str]]:
        return [
            ("\0" in text, "Null characters are not allowed."),
            (not text and not self.blank, "This field may not be blank."),
            (len(text) > self.max_length, f"Ensure this field has no more than {self.max_length} characters."),
            (bool(text) and self.kind == "email" and not EMAIL_PATTERN.fullmatch(text), "Enter a valid email address."),
            (bool(text) and self.kind == "url" and not URL_PATTERN.fullmatch(text), "Enter a valid URL."),
            (bool(self.choices) and text not in self.choices, f'"{text}" is not a valid choice.'),
        ]


TEXT_FIELD = Field()
BOOLEAN_FIELD = Field(kind="boolean", null=False)
REQUIRED_TEXT_FIELD = Field(required=True, null=False, blank=False)


def parse_boolean(value: Any) -> bool:
    if value in (True, "true", "True", "1"):
        return True
    if value in (False, "false", "False", "0"):
        return False
    raise ValueError("Must be a valid boolean.")


def parse_integer(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise ValueError("A valid integer is required.") from error


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
    """The same, refusing with 400 at once."""
    values, errors = validate_fields(data, spec, partial=partial)
    if errors:
        raise ApiError(400, errors)
    return values
