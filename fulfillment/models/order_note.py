from __future__ import annotations

from django.db import models

from patients.care.models import Note

from .order import Order


class OrderNote(models.Model):
    """Link of a note or contact to the order that it is about."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="order_notes")
    note = models.OneToOneField(Note, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("pk",)
        verbose_name = "note on an order"
        verbose_name_plural = "notes on orders"

    def __str__(self) -> str:
        return f"note {self.note_id} on order {self.order_id}"
