"""SQL statements of the rate limiter. `%(gap)s`, `%(ahead)s` and `%(penalty)s` are intervals, `%(buckets)s` an array.

Only the table's name is formatted into them; every value is a parameter.
"""

from __future__ import annotations

from devices.models.api_key_slot import ApiKeySlot

KEY_SLOT_TABLE = ApiKeySlot._meta.db_table

# One statement takes the slot, or touches no row. The bucket is chosen and locked by the inner query, which rechecks a
# row that it had to wait for; `clock_timestamp()` is read after that, and not when the statement began.
# A user books ahead of time. Background work takes what is free now, and nothing while a user waits.
BOOK_USER_SLOT = f"""
    UPDATE {KEY_SLOT_TABLE}
       SET next_free_at = GREATEST(next_free_at, clock_timestamp()) + %(gap)s,
           person_waiting_until = GREATEST(next_free_at, clock_timestamp()) + 2 * %(gap)s
     WHERE bucket = (SELECT bucket FROM {KEY_SLOT_TABLE}
                      WHERE bucket = ANY(%(buckets)s) AND next_free_at <= clock_timestamp() + %(ahead)s
                      ORDER BY next_free_at, bucket LIMIT 1 FOR UPDATE)
    RETURNING bucket, next_free_at, EXTRACT(EPOCH FROM next_free_at - %(gap)s - clock_timestamp())
"""  # noqa: S608  the model's table name only
BOOK_BACKGROUND_SLOT = f"""
    UPDATE {KEY_SLOT_TABLE}
       SET next_free_at = clock_timestamp() + %(gap)s
     WHERE bucket = (SELECT bucket FROM {KEY_SLOT_TABLE}
                      WHERE bucket = ANY(%(buckets)s)
                        AND GREATEST(next_free_at, person_waiting_until) <= clock_timestamp()
                      ORDER BY next_free_at, bucket LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING bucket, next_free_at, EXTRACT(EPOCH FROM next_free_at - %(gap)s - clock_timestamp())
"""  # noqa: S608  the model's table name only
USER_WAIT = f"""
    SELECT EXTRACT(EPOCH FROM MIN(next_free_at) - clock_timestamp()) FROM {KEY_SLOT_TABLE}
    WHERE bucket = ANY(%(buckets)s)
"""  # noqa: S608  the model's table name only
BACKGROUND_WAIT = f"""
    SELECT EXTRACT(EPOCH FROM MIN(GREATEST(next_free_at, person_waiting_until)) - clock_timestamp())
      FROM {KEY_SLOT_TABLE}
    WHERE bucket = ANY(%(buckets)s)
"""  # noqa: S608  the model's table name only
ANNOUNCE_WAITING_USER = f"""
    UPDATE {KEY_SLOT_TABLE} SET person_waiting_until = GREATEST(next_free_at, clock_timestamp()) + 2 * %(gap)s
     WHERE bucket = ANY(%(buckets)s)
"""  # noqa: S608  the model's table name only
RELEASE_SLOT = f"""
    UPDATE {KEY_SLOT_TABLE} SET next_free_at = next_free_at - %(gap)s
    WHERE bucket = %(bucket)s AND next_free_at = %(booked)s
"""  # noqa: S608  the model's table name only
APPLY_PENALTY = f"""
    UPDATE {KEY_SLOT_TABLE} SET next_free_at = GREATEST(next_free_at, clock_timestamp() + %(penalty)s)
    WHERE bucket = %(bucket)s
"""  # noqa: S608  the model's table name only
