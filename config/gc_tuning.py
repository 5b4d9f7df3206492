"""How often Python looks for circles of objects that nobody holds any more.

A page of readings or a batch of them makes tens of thousands of small objects, and nearly all go by themselves when the
last name for them does. By default each 700 of them start a look, and now and then a look at everything that was ever
loaded: a quarter of a long chart's time went there.
"""

from __future__ import annotations

import gc

GC_THRESHOLD_OBJECTS = 50_000  # at some 100 bytes each: what circles may cost before they are found


def freeze_and_tune_gc() -> None:
    """Once per process, when all is loaded: what is there now stays, and is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD_OBJECTS, 10, 10)
