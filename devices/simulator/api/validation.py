"""Just enough of a serializer to refuse what DRF refuses, in its words."""

import re
from dataclasses import dataclass
from typing import Any

from devices.simulator.runtime.messages import Json, Refusal

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
URL = re.compile(r"https?://[^\s/]+.*")


@dataclass(frozen=True)
class Field:
    kind: str = "text"  # text, boolean, email, url, integer, any
    longest: int = 255
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
            return _boolean(value)
        if self.kind == "integer":
            return _integer(value)
        return self._text(value)

    def _text(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("Not a valid string.")  # noqa: TRY004  every refusal of a value is a ValueError
        text = str(value).strip()
        for wrong, sentence in self._troubles(text):
            if wrong:
                raise ValueError(sentence)
        return text

    def _troubles(self, text: str) -> list[tuple[bool, str]]:
        return [
            ("\0" in text, "Null characters are not allowed."),
            (not text and not self.blank, "This field may not be blank."),
            (len(text) > self.longest, f"Ensure this field has no more than {self.longest} characters."),
            (bool(text) and self.kind == "email" and not EMAIL.fullmatch(text), "Enter a valid email address."),
            (bool(text) and self.kind == "url" and not URL.fullmatch(text), "Enter a valid URL."),
            (bool(self.choices) and text not in self.choices, f'"{text}" is not a valid choice.'),
        ]


TEXT = Field()
FLAG = Field(kind="boolean", null=False)
NAME = Field(required=True, null=False, blank=False)


def _boolean(value: Any) -> bool:
    if value in (True, "true", "True", "1"):
        return True
    if value in (False, "false", "False", "0"):
        return False
    raise ValueError("Must be a valid boolean.")


def _integer(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise ValueError("A valid integer is required.") from error


def clean(data: Any, spec: dict[str, Field], *, partial: bool = False) -> tuple[Json, Json]:
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


def cleaned(data: Any, spec: dict[str, Field], *, partial: bool = False) -> Json:
    """The same, refusing with 400 at once."""
    values, errors = clean(data, spec, partial=partial)
    if errors:
        raise Refusal(400, errors)
    return values
