"""Admin of clinics: contact data, working hours, closed days, the person on call, and the history of all of it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Field, Model
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format

from patients import zip_codes
from patients.admin_site.base import ReadOnlyAdmin
from patients.admin_site.filters import ClinicFilter
from patients.admin_site.optimistic_lock import OptimisticLockAdmin
from patients.clinics import history, holidays
from patients.enrollment.forms import PhoneField
from patients.models import Clinic, ClinicChange, ClinicClosedDay, ClinicHours, Role, User
from patients.models.choices import FederalHoliday
from patients.permissions import current_user
from patients.queueing.wakeup import wake_worker
from patients.us_states import state_choices, time_zone_choices, time_zone_label

ALL_HOLIDAYS = "all"
ADDRESS_PARTS = ("street", "city", "state", "zip_code")
NO_HOURS = "No working hours are stated, so Monday to Friday, 8 AM to 5 PM, is assumed."


def holiday_choices() -> list[tuple[str, str]]:
    """Each with its next date, and all of them at once."""
    today = timezone.localdate()
    named = [
        (each.value, f"{each.label}: {date_format(holidays.next_date(each, after=today), 'D, M j, Y')}")
        for each in FederalHoliday
    ]
    return [(ALL_HOLIDAYS, "All of the list"), *named]


class ClinicForm(forms.ModelForm):
    time_zone = forms.ChoiceField(choices=time_zone_choices, initial=Clinic._meta.get_field("time_zone").default)
    phone = PhoneField(required=False, max_length=40, help_text="For example (603) 555-0142.")
    state = forms.ChoiceField(required=False, choices=lambda: [("", "Choose…"), *state_choices()])
    federal_holidays = forms.MultipleChoiceField(
        label="Closed on these US federal holidays",
        required=False,
        choices=holiday_choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="One on a Saturday also closes the Friday before, one on a Sunday the Monday after.",
    )
    on_call_phone = PhoneField(required=False, max_length=40, label="Phone of the person on call")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if person := self.fields.get("on_call"):
            person.queryset = User.objects.filter(clinics=self.instance.pk, is_active=True)  # type: ignore[attr-defined]
            if self.instance.on_call and not self.instance.person_on_call:
                person.help_text = f"{self.instance.on_call} no longer works here. Choose another person."

        if editors := self.fields.get("rule_editors"):
            editors.queryset = User.objects.filter(clinics=self.instance.pk, is_active=True, role=Role.CLINICIAN)  # type: ignore[attr-defined]
            editors.widget = forms.CheckboxSelectMultiple(choices=editors.choices)  # type: ignore[attr-defined]

    def clean_federal_holidays(self) -> list[str]:
        chosen = self.cleaned_data["federal_holidays"]
        return [each.value for each in FederalHoliday if each.value in chosen or ALL_HOLIDAYS in chosen]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if any(cleaned.get(name) for name in (*ADDRESS_PARTS, "street_2")):
            for name in ADDRESS_PARTS:
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, "An address needs this too.")
        if cleaned.get("on_call_phone") and not cleaned.get("on_call"):
            self.add_error("on_call", "Whose phone is this?")
        return cleaned


class HoursFormSet(BaseInlineFormSet):
    def clean(self) -> None:
        """Refuse hours of a weekday that overlap."""
        super().clean()
        if any(self.errors):
            return
        typed = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        typed.sort(key=lambda form: (form.instance.weekday, form.instance.minutes))
        for earlier, later in pairwise(typed):
            one, other = earlier.instance, later.instance
            if one.weekday == other.weekday and other.minutes[0] < one.minutes[1]:
                later.add_error("opens_at", f"These hours overlap with {one}.")
        if any(self.errors):
            raise ValidationError("Hours of one day must not overlap.")


class LabelledInline(admin.TabularInline):
    """Adds the label that a screen reader needs: Django shows it as the column's heading only."""

    extra = 1

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = field.label
        return field


class HoursForm(forms.ModelForm):
    """Times by the browser's own control, in the spelling that the person is used to."""

    opens_at = forms.TimeField(label="Opens", widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))
    closes_at = forms.TimeField(label="Closes", widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))


class HoursInline(LabelledInline):
    model, formset, form = ClinicHours, HoursFormSet, HoursForm
    fields = ("weekday", "opens_at", "closes_at")


class ClosedDayInline(LabelledInline):
    model = ClinicClosedDay
    fields = ("day", "name")


@admin.register(Clinic)
class ClinicAdmin(OptimisticLockAdmin):
    clinic_path = "pk"
    visible_to_superuser = True
    form = ClinicForm
    inlines = (HoursInline, ClosedDayInline)
    list_display = ("name", "slug", "zone", "created_at")
    object_history_template = "admin/patients/clinic_history.html"

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        address = ("street", "street_2", "city", "state", "zip_code")
        fields = ("name", "slug", "time_zone", "day_weight", "time_idle_seconds", "phone", *address)
        on_call = (
            ("on_call", "on_call_phone", "rule_editors", "created_at") if obj else ()
        )  # people are invited to a clinic that exists
        return (*fields, "sends_email", "federal_holidays", *on_call)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("slug", "created_at") if obj else ()

    def save_model(self, request: HttpRequest, obj: Clinic, form: Any, change: bool) -> None:
        form.described_before = history.describe_clinic(Clinic.objects.get(pk=obj.pk)) if change else {}
        super().save_model(request, obj, form, change)
        if change and "day_weight" in form.changed_data:  # stored gains of all patients rest on it
            obj.patients.update(summary_stale_at=timezone.now())
            wake_worker("stale_summaries")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        clinic = form.instance
        history.record_changes(clinic, before=form.described_before, by=current_user(request))
        if zip_codes.address_problem(zip_code=clinic.zip_code, state=clinic.state, city=clinic.city):
            messages.warning(request, zip_codes.ZIP_CODE_WARNING)
        if not clinic.hours.exists():
            messages.info(request, NO_HOURS)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pk = int(object_id) if object_id.isdecimal() else 0
        changes = ClinicChange.objects.filter(clinic=pk).select_related("by")
        return super().history_view(request, object_id, {"changes": changes, **(extra_context or {})})

    @admin.display(description="time zone", ordering="time_zone")
    def zone(self, clinic: Clinic) -> str:
        return time_zone_label(clinic.time_zone)


@admin.register(ClinicChange)
class ClinicChangeAdmin(ReadOnlyAdmin):
    clinic_path = "clinic"
    list_display = ("at", "by", "clinic", "field", "before", "after")
    list_filter = (ClinicFilter,)
    list_select_related = ("by", "clinic")
