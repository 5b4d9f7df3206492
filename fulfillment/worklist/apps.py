"""App configuration of the worklist: its texts, and the kinds of exceptions of orders, devices and the account."""

from patients import app_config


class WorklistConfig(app_config.ProjectAppConfig):
    name = "fulfillment.worklist"
    label = "worklist"
    verbose_name = "Exceptions"
    admin_permissions = dict.fromkeys(("worklistitem", "worklistevent", "worklistnote"), app_config.VIEW_ONLY)
    page_labels = {
        "exceptions:list": "exceptions",
        "exceptions:list_live": "exceptions, kept up to date",
        "exceptions:page": "exception",
        "exceptions:take": "exception, taken",
        "exceptions:assign": "exception, assigned",
        "exceptions:snooze": "exception, snoozed",
        "exceptions:wake": "exception, end of its snooze",
        "exceptions:dismiss": "exception, dismissed",
        "exceptions:restore": "exception, taken back",
        "exceptions:shortcuts": "exceptions, keyboard shortcuts",
    }
    target_labels = {"exception": "exception"}
    field_labels = {"dismissed_at": "dismissed", "opened_at": "known here", "snoozed_until": "snoozed"}

    def ready(self) -> None:
        from fulfillment.worklist.sources import (  # noqa: F401  register themselves
            account,
            equipment,
            orders,
            records,
            replacements,
        )
