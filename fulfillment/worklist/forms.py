"""Forms of one exception: its owner, a snooze with a note, a dismissal with a reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone

from fulfillment.forms.base import PlainForm, plain_text_field
from fulfillment.worklist import items
from fulfillment.worklist.models import MAX_TEXT_LETTERS, WorklistItem
from patients.models import User

SNOOZE_HOUR = 7  # of the clinic's morning on which it is back


class ItemForm(PlainForm):
    """`live_version`: of the exception as the page showed it."""

    live_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, item: WorklistItem, **kwargs: Any) -> None:
        initial = {"live_version": item.live_version} | kwargs.pop("initial", {})
        super().__init__(*args, initial=initial, **kwargs)
        self.item = item


class OwnerForm(ItemForm):
    owner = forms.ModelChoiceField(label="Owner", queryset=User.objects.none(), required=False, empty_label="Nobody")

    def __init__(self, *args: Any, item: WorklistItem, user: User, **kwargs: Any) -> None:
        super().__init__(*args, item=item, initial={"owner": item.owner_id}, **kwargs)
        owners: Any = self.fields["owner"]
        owners.queryset = people = items.possible_owners(item, by=user)
        # Read now: choices that are read while the field is rendered would be a query of a template fragment.
        owners.choices = [("", owners.empty_label), *((person.pk, str(person)) for person in people)]


class SnoozeForm(ItemForm):
    until = forms.DateField(
        label="Back on",
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}),
        error_messages={"invalid": "Write a date, such as 2026-12-01."},
    )
    note = plain_text_field("What is being waited for", max_length=MAX_TEXT_LETTERS)

    def clean_until(self) -> dt.datetime:
        """The morning of that day in the clinic's time zone."""
        day = self.cleaned_data["until"]
        zone = self.item.clinic.zone if self.item.clinic else timezone.get_current_timezone()
        today = timezone.localdate(timezone=zone)
        if day <= today:
            raise forms.ValidationError("Choose a day after today.")
        if day >= today + items.MAX_SNOOZE - dt.timedelta(days=1):
            raise forms.ValidationError("Choose a day within a year.")
        return dt.datetime.combine(day, dt.time(SNOOZE_HOUR), tzinfo=zone)


class DismissalForm(ItemForm):
    reason = plain_text_field("Reason", max_length=MAX_TEXT_LETTERS)
