from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from patients.accounts import invitations, mfa
from patients.accounts.administrators import require_remaining_administrator
from patients.admin.audit_events import audit_list_link
from patients.admin.care_team import CareTeamInline, ReassignMixin, ResponsibleFilter
from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline
from patients.admin_site.filters import ClinicFilter, DischargedFilter, UserClinicsFilter
from patients.admin_site.optimistic_lock import OptimisticLockAdmin
from patients.care import team
from patients.folding import fold_name
from patients.models import Clinic, MonitoringPeriod, Patient, Role, User
from patients.permissions import current_user
from patients.search import SEARCHED_FOR, patient_search_filter
from patients.us_states import time_zone_label
from patients.validators import format_phone
from patients.wording import count_noun

# Permissions come from the role (`patients.accounts.auth_backends`) and addresses from the account, so neither has an
# admin. Factors of MFA belong to their owners; an administrator can only reset them.
admin.site.unregister(Group)
admin.site.unregister(EmailAddress)
admin.site.unregister(Authenticator)


class UserForm(forms.ModelForm):
    role = forms.ChoiceField(choices=[choice for choice in Role.choices if choice[0]])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "clinics" in self.fields:
            self.fields["clinics"].required = True

    def clean_email(self) -> str:
        return self.cleaned_data["email"].strip().lower()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance.pk and "role" in cleaned and "clinics" in cleaned:
            require_remaining_administrator(self.instance, role=cleaned["role"], clinics=cleaned["clinics"])
        if cleaned.get("keeps_billing") and cleaned.get("role") not in (Role.COORDINATOR, Role.CLINICIAN):
            self.add_error("keeps_billing", "Only a care coordinator or a clinician can keep billing.")
        return cleaned


RESEND_INVITATION_HELP = "Each gets a new link by mail that works once, for seven days. Earlier links stop working."
DEACTIVATE_HELP = (
    "Each is signed out with the next click and can't sign in again. What they did stays in the audit. "
    "Patients for whom they are responsible are then without a responsible clinician: give them to another person "
    "before, in the list of care team members."
)
RESET_MFA_HELP = (
    "Do this only for a person whom you see or whose voice you know: until they set up a new second step, "
    "their password alone opens the account. Their app, passkeys and recovery codes stop working at once, and they "
    "get an e-mail about it."
)


@admin.register(User)
class UserAdmin(OptimisticLockAdmin):
    """Users. Adding one sends an invitation; no administrator sets another person's password."""

    clinic_path = "clinics"
    visible_to_superuser = True
    form = UserForm
    list_display = ("name", "email", "role", "account", "last_login")
    list_filter = ("role", "is_active", ("clinics", UserClinicsFilter))
    find_help = "A part of the name or of the e-mail address"
    actions = ("resend_invitation", "deactivate", "reset_mfa")

    def find_rows(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        """By folded words; a clinic has few people."""
        if not (words := fold_name(text).split()):
            return rows.none()
        texts = {user.pk: fold_name(f"{user.name} {user.email}") for user in rows.only("name", "email")}
        return rows.filter(pk__in=[pk for pk, said in texts.items() if all(word in said for word in words)])

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        fields = ("name", "email", "role", "clinics")
        return (*fields, "keeps_billing", "account", "last_login", "viewed_by_user_link") if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("email", "account", "last_login", "viewed_by_user_link") if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A user who also works in another clinic is changed by a superuser only: a role counts in every clinic."""
        allowed = super().has_change_permission(request, obj)
        if not isinstance(obj, User) or request.user.is_superuser:
            return allowed
        own = current_user(request).clinics.values_list("pk", flat=True)
        return allowed and not obj.is_superuser and not obj.clinics.exclude(pk__in=own).exists()

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["widget"] = forms.CheckboxSelectMultiple
        if not request.user.is_superuser:
            kwargs["queryset"] = current_user(request).clinics.all()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"clinics": list(current_user(request).clinics.values_list("pk", flat=True))}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            invitations.update_staff_status(obj)
            super().save_model(request, obj, form, change)
            return
        fields = {name: form.cleaned_data[name] for name in ("email", "name", "role", "clinics")}
        user = invitations.invite_user(**fields, by=current_user(request))
        obj.pk, obj.password = user.pk, user.password
        messages.success(request, "An invitation is on its way. Its link works once, for seven days.")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """With the clinics saved, it is known which patients the user can't care for any more."""
        super().save_related(request, form, formsets, change)
        lost = team.end_lost_memberships(user=form.instance, by=current_user(request)) if change else 0
        if lost:
            messages.warning(request, f"{count_noun(lost, 'patient')} had this person on the care team.")

    @admin.display(description="Account")
    def account(self, user: User) -> str:
        if user.is_active:
            return "open"
        return "closed" if user.last_login else "invited, not yet accepted"

    @admin.display(description="What this person viewed")
    def viewed_by_user_link(self, user: User) -> str:
        return audit_list_link("actor_id", user.pk)

    @admin.action(description="Invite again (sends a new link; earlier ones stop working)", permissions=["change"])
    def resend_invitation(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse | None:
        asking = ("Invite again?", RESEND_INVITATION_HELP)
        return self.apply_to_users(request, people, invitations.resend_invitation, asking=asking, done="Invited again")

    @admin.action(description="Deactivate (signs out at once)", permissions=["change"])
    def deactivate(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse | None:
        asking = ("Deactivate?", DEACTIVATE_HELP)
        return self.apply_to_users(request, people, invitations.deactivate_user, asking=asking, done="Deactivated")

    @admin.action(description="Reset two-step sign-in (phone and codes lost)", permissions=["change"])
    def reset_mfa(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse | None:
        asking = ("Reset two-step sign-in?", RESET_MFA_HELP)
        return self.apply_to_users(request, people, mfa.reset_mfa, asking=asking, done="Two-step sign-in reset")

    def apply_to_users(
        self, request: HttpRequest, people: QuerySet[User], verb: Any, *, asking: tuple[str, str], done: str
    ) -> HttpResponse | None:
        """Confirm first; then apply to each user whom the administrator may change."""
        (question, meaning), about = asking, [f"{user.name}, {user.email}" for user in people]
        if asked := self.confirm_action(request, people, question=question, meaning=meaning, affected=about):
            return asked
        for user in people:
            if not self.has_change_permission(request, user):
                messages.error(request, f"{user}: works in another clinic too; ask the person who set up this system.")
                continue
            try:
                verb(user=user, by=current_user(request))
            except ValidationError as error:
                messages.error(request, f"{user}: {' '.join(error.messages)}")
            else:
                messages.success(request, f"{done}: {user}.")
        return None


class MonitoringPeriodInline(ReadOnlyInline):
    model = MonitoringPeriod
    show_change_link = False


@admin.register(Patient)
class PatientAdmin(ReassignMixin, ReadOnlyAdmin):
    """Read only: patients are enrolled and edited on the pages, where the rules are. Teams can be changed."""

    clinic_path = "clinic"
    patient_path = "pk"
    list_display = ("family_name", "given_name", "clinic", "enrolled_at", "discharged_at")
    list_filter = (ClinicFilter, ("discharged_at", DischargedFilter), ResponsibleFilter)
    actions = ("make_responsible",)
    inlines = (CareTeamInline, MonitoringPeriodInline)
    list_select_related = ("clinic",)
    search_fields = ("id",)
    find_help = SEARCHED_FOR
    fields = (
        "given_name", "family_name", "birth_date", "age", "sex", "mrn", "clinic", "practitioner", "care_team",
        "condition_list", "formatted_phone", "has_sms_consent", "email", "street", "street_2", "city", "state",
        "zip_code", "zone", "enrolled_at", "discharged_at", "discharge_reason", "vendor_account", "id", "viewers_link",
    )  # fmt: skip

    def find_rows(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(patient_search_filter(text))

    @admin.display(description="age")
    def age(self, patient: Patient) -> str:
        return patient.age_label

    @admin.action(description="Make responsible for these patients", permissions=["reassign"])
    def make_responsible(self, request: HttpRequest, rows: QuerySet[Patient]) -> None:
        by = current_user(request)

        def assign(person: User, clinic: Clinic, chosen: list[Patient]) -> int:
            patients = [patient.pk for patient in chosen]
            return team.assign_responsible(patients=patients, user=person, by=by, clinic=clinic)

        self.reassign_selected(request, rows, assign)

    @admin.display(description="care team")
    def care_team(self, patient: Patient) -> str:
        current = team.team_of(patient)
        names = [f"{current.responsible} (responsible)"] if current.responsible else ["no responsible clinician"]
        return ", ".join([*names, *map(str, current.others)])

    @admin.display(description="conditions")
    def condition_list(self, patient: Patient) -> str:
        return ", ".join(patient.condition_labels)

    @admin.display(description="phone")
    def formatted_phone(self, patient: Patient) -> str:
        return format_phone(patient.phone)

    @admin.display(description="may be texted", boolean=True)
    def has_sms_consent(self, patient: Patient) -> bool:
        return patient.sms_consent

    @admin.display(description="time zone")
    def zone(self, patient: Patient) -> str:
        return time_zone_label(patient.time_zone)

    @admin.display(description="account at the vendor")
    def vendor_account(self, patient: Patient) -> str:
        return f"{patient.external_id}{'' if patient.external_id_sent_at else ' (never sent)'}"

    @admin.display(description="Who viewed this patient")
    def viewers_link(self, patient: Patient) -> str:
        return audit_list_link("patient", patient.pk)
