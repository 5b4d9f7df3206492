"""Admin of kits, orders, order lines and order events."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Field, ForeignKey, Q, QuerySet
from django.forms import BaseInlineFormSet, ModelChoiceField
from django.http import HttpRequest

from devices.models import DeviceType
from fulfillment.models import Kit, KitItem, Order, OrderEvent, OrderLine, OrderNote
from fulfillment.models.status import status_label
from fulfillment.ordering.kit_contents import EMPTY_KIT, kit_problem, sensor_id_problem, size_problem
from patients.admin_site.base import ReadOnlyAdmin, ReadOnlyInline
from patients.admin_site.optimistic_lock import OptimisticLockAdmin
from patients.models import Clinic, User
from patients.permissions import current_user


class KitItemFormSet(BaseInlineFormSet):
    """Refuses contents that can't be shipped. A kit that is no longer in use may stay as it is."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors) or not (self.instance._state.adding or self.instance.active):
            return
        rows = [form.cleaned_data for form in self.forms if not form.cleaned_data.get("DELETE")]
        contents = [row["device_type"] for row in rows if row.get("device_type")]
        self.refuse_unorderable_types()
        if problem := (sensor_id_problem(contents) or size_problem(contents)) if contents else EMPTY_KIT:
            raise ValidationError(problem)

    def refuse_unorderable_types(self) -> None:
        """At the row: the vendor would refuse the order of the whole kit."""
        for form in self.forms:
            chosen = form.cleaned_data.get("device_type")
            if chosen is not None and not chosen.orderable and not form.cleaned_data.get("DELETE"):
                reason = f"{chosen.name} can't be ordered: {chosen.availability.lower()} at the vendor. "
                form.add_error("device_type", reason + "Choose another, or delete this row.")


class KitItemInline(admin.TabularInline):
    model, formset = KitItem, KitItemFormSet
    extra = 1
    fields = ("device_type", "quantity")

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        """Device types that can be shipped, and those that kits have already, so that an old kit can still be saved."""
        if db_field.name == "device_type":
            held = KitItem.objects.values("device_type")
            kwargs["queryset"] = DeviceType.objects.shippable() | DeviceType.objects.filter(pk__in=held)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Adds the label that a screen reader needs: Django shows it as the column's heading only."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and field.widget is not None:
            widget: Any = getattr(field.widget, "widget", field.widget)
            widget.attrs["aria-label"] = field.label
        return field


@admin.register(Kit)
class KitAdmin(OptimisticLockAdmin):
    clinic_path, visible_to_superuser = "clinic", True
    list_display = ("name", "clinic", "contents", "without_gateway", "active", "why_not_offered")
    list_filter = ("active",)
    inlines = (KitItemInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("items__device_type")

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        """A kit belongs to a clinic of the person who creates it."""
        user = current_user(request)
        if db_field.name == "clinic" and not user.is_superuser:
            kwargs["queryset"] = Clinic.objects.filter(people=user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def contents(self, kit: Kit) -> str:
        return ", ".join(str(item) for item in kit.items.all())

    def why_not_offered(self, kit: Kit) -> str:
        return kit_problem(kit.device_types) if kit.active else "Not active."


class OrderLineInline(ReadOnlyInline):
    model = OrderLine
    fields = ("device_type", "nth", "status", "status_at", "call", "device", "closed_at", "closed_by")


class OrderNoteInline(ReadOnlyInline):
    model = OrderNote
    fields = ("note",)
    show_change_link = False


class OrderEventInline(ReadOnlyInline):
    model = OrderEvent
    fields = ("at", "source", "state", "text", "by", "line")
    readonly_fields = ("state",)
    show_change_link = False

    @admin.display(description="status")
    def state(self, event: OrderEvent) -> str:
        return status_label(event.status)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("__str__", "patient_name", "kind", "kit", "current_status", "placed_by", "placed_at")
    list_filter = ("kind", ("placed_at", admin.DateFieldListFilter))
    list_select_related = ("patient", "kit", "placed_by")
    search_fields = ("=id", "=patient__id")
    search_help_text = "The id of an order or of a patient"
    exclude = ("gateway_id",)
    readonly_fields = ("gateway",)
    inlines = (OrderLineInline, OrderNoteInline, OrderEventInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("lines")

    @admin.display(description="gateway ID or IMEI")
    def gateway(self, order: Order) -> str:
        return order.printed_gateway

    @admin.display(description="status")
    def current_status(self, order: Order) -> str:
        return str(order.status.label)


@admin.register(OrderLine)
class OrderLineAdmin(ReadOnlyAdmin):
    clinic_path, patient_path = "patient__clinic", "patient_id"
    list_display = ("__str__", "patient_name", "device_type", "nth", "status", "status_at", "closed_at")
    list_filter = ("status", "device_type")
    list_select_related = ("patient", "device_type")
    search_fields = ("=id", "=order__id", "call__reference")
    search_help_text = "A reference, or the id of an order"


@admin.register(OrderEvent)
class OrderEventAdmin(ReadOnlyAdmin):
    clinic_path = "order__patient__clinic"
    list_display = ("at", "source", "state", "text", "order", "device", "by")
    list_filter = ("source", ("at", admin.DateFieldListFilter))
    list_select_related = ("order", "device", "by")
    search_fields = ("=order__id", "=device__hwi_id")
    search_help_text = "The id of an order, or an HWI device id"
    patient_path = "audited_patient_id"

    @admin.display(description="status")
    def state(self, event: OrderEvent) -> str:
        return status_label(event.status)

    def scope(self, rows: QuerySet[Any], user: User) -> QuerySet[Any]:
        """Of an order or, for devices that were not ordered here, of a device."""
        clinics = user.clinics.all()
        return rows.filter(Q(order__patient__clinic__in=clinics) | Q(device__patient__clinic__in=clinics)).distinct()
