from __future__ import annotations

from django.db import models

# Known metrics whose second value means nothing: a filler, or the deviation of an oximeter's samples. A constant,
# because an index is built on it.
METRICS_OF_ONE_VALUE = (
    *("pulse", "irregular_heartbeat", "weight", "glucose", "spO2", "temperature", "perfusion_index"),
    *("peak_expiratory_flow", "forced_expiratory_volume", "steps", "sleep", "battery_percentage"),
    *("pillbox_refill_initiated", "patchcap_open_close_event", "no_measurement_event", "low_battery_event"),
    *("patchcap_time_updated_event", "patchcap_bluetooth_event"),
)


class Metric(models.Model):
    """A kind of reading, by the vendor's case-sensitive name. Unknown ones are added when they first arrive.

    Ranges are those of the *instrument*: a value outside is stored and flagged implausible. Units are the vendor's.
    """

    code = models.CharField(primary_key=True, max_length=64)
    label = models.CharField(max_length=80)
    unit = models.CharField(max_length=16, blank=True)
    decimals = models.PositiveSmallIntegerField(default=0)
    known = models.BooleanField(default=False, help_text="the meaning of its values is known")
    vital = models.BooleanField(default=False, help_text="shown to clinicians as a vital sign")
    physiologic = models.BooleanField(default=False, help_text="its days count for RPM device codes")
    single = models.BooleanField(default=False, help_text="only one value is possible at a time; two are a conflict")
    has_second_value = models.BooleanField(default=False)
    label_1 = models.CharField(max_length=40, blank=True)
    label_2 = models.CharField(max_length=40, blank=True)
    lowest_1 = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    highest_1 = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    lowest_2 = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    highest_2 = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=100)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("position", "code")
        verbose_name, verbose_name_plural = "kind of reading", "kinds of readings"

    def __str__(self) -> str:
        return self.label

    @property
    def label_in_sentence(self) -> str:
        """blood pressure; an abbreviation stays as it is: SpO₂, FEV1."""
        return self.label.lower() if self.label[1:].islower() else self.label
