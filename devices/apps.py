"""App configuration of `devices`: its permissions in the admin and its display texts."""

from patients import app_config
from patients.app_config import VIEW_ONLY


class DevicesConfig(app_config.ProjectAppConfig):
    name = "devices"
    verbose_name = "Devices and the vendor"
    admin_permissions = {
        "operatoralarm": VIEW_ONLY,
        "devicetype": VIEW_ONLY,
        "webhookcount": VIEW_ONLY,
        "webhookselftest": frozenset({"view", "start"}),
        "gateway": VIEW_ONLY,
        "device": VIEW_ONLY,
        "hardwarechange": VIEW_ONLY,
        "assignment": VIEW_ONLY,
        "delivery": frozenset({"view", "replay"}),
        "vendorcall": VIEW_ONLY,
        "apikeyslot": frozenset({"view", "clear"}),
        "syncrun": frozenset({"view", "start"}),
        "syncrow": VIEW_ONLY,
    }
    page_labels = {
        "devices:list": "list of devices",
        "devices:list_live": "list of devices, refreshed live",
        "devices:catalogue": "catalogue",
        "devices:catalogue_sync": "catalogue, read again",
        "devices:kits": "kits as a file",
        "devices:page": "device",
        "devices:live": "device, refreshed live",
        "devices:detach": "device, detached at the vendor",
        "devices:step_goal": "device, its step goal set",
        "devices:refresh": "device, asked about at the vendor",
        "devices:gateway": "gateway",
        "devices:gateway_live": "gateway, refreshed live",
        "devices:gateway_refresh": "gateway, asked about at the vendor",
        "admin:devices_syncrun_start": "administration, comparison started",
        "admin:devices_webhook_self_test": "administration, webhook self-test",
        "admin:devices_unknown_device_list": "administration, unknown devices",
        "admin:devices_unknown_device": "administration, an unknown device",
    }
    target_labels = {"sync": "comparison", "webhook_self_test": "webhook self-test", "kits": "kits"}
    field_labels = {
        "status_due_at": "asked about next",
        "assigned_at": "assigned",
        "battery_percent": "battery, %",
        "bootloader_version": "bootloader",
        "client_notes": "our note at the vendor",
        "connected_on": "connected",
        "delivered_on": "delivered",
        "duplicate_at_address": "sent twice to one address",
        "ended_at": "until",
        "finished_at": "finished",
        "firmware_version": "firmware",
        "first_reading_at": "first reading",
        "hardware_uuid": "gateway ID or IMEI",
        "unconfirmed_status_at": "announced",
        "unconfirmed_status": "announced, not yet confirmed",
        "invalid_address": "address refused",
        "last_checkin_at": "checked in",
        "last_measurement_at": "last reading",
        "listed": "what the vendor lists",
        "lookup_after": "next look-up of its device",
        "lookup_at": "looked up",
        "lookup_problem": "why the look-up failed",
        "mailed_at": "mailed",
        "resolved_at": "over",
        "resolved_mailed_at": "its end mailed",
        "processed_at": "worked on",
        "purged_at": "content purged",
        "refresh_due_at": "to be read again",
        "received_at": "received here",
        "requested_by": "asked for by",
        "search_after": "searched for at the vendor from",
        "sensor_id": "number of the sensor",
        "sent_at": "sent",
        "shipped_at": "shipped",
        "shipped_on": "shipped",
        "started_at": "started",
        "hardware_log_due_at": "log of its hardware is read next",
        "step_goal": "step goal",
        "step_goal_read_at": "step goal read from the vendor",
        "step_goal_synced": "step goal is on the watch",
        "synced_at": "read from the vendor",
        "absence_count": "times not found at the vendor",
        "unknown_since": "unclear since",
        "unlinked_on": "unlinked",
        "vendor_created": "created at the vendor",
        "vendor_id": "id at the vendor",
        "vendor_last_measurement": "last reading at the vendor",
        "window_end": "compared until",
        "window_start": "compared from",
    }

    def ready(self) -> None:
        from devices import kit_strings, patient_lookups  # noqa: F401  (needs the models; registers by being imported)
