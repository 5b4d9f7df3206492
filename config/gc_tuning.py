"""Garbage collector tuning: fewer collections of reference cycles.

A page or a batch of readings creates tens of thousands of small objects, nearly all freed by reference counting. By
default every 700 of them start a collection, sometimes of everything loaded: a quarter of a long chart's time.
"""

from __future__ import annotations

import gc

GC_THRESHOLD_OBJECTS = 50_000  # some 100 bytes each: memory that cycles may take before a collection


def freeze_and_tune_gc() -> None:
    """Call once per process after loading: freezes the loaded objects, which are then never scanned again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD_OBJECTS, 10, 10)
