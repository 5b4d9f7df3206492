"""SQLite state file: documents by kind (cached in memory, written through) and readings (only in SQLite)."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from devices.simulator.runtime.messages import Json

MEASUREMENT_COLUMNS = (
    "device_id",
    "metric",
    "device_name",
    "hardware_uuid",
    "sensor_code",
    "value_1",
    "value_2",
    "created",
    "timestamp",
    "timezone_offset",
    "estimated_timestamp",
    "filter_params",
)
SCHEMA_SQL = f"""
create table if not exists document (
    kind text not null, id text not null, position integer primary key autoincrement, data text not null,
    unique (kind, id));
create table if not exists measurement (id integer primary key autoincrement, {", ".join(MEASUREMENT_COLUMNS)});
create index if not exists measurement_created on measurement (device_id, created);
create index if not exists measurement_timestamp on measurement (device_id, timestamp);
"""
INSERT_MEASUREMENT_SQL = (
    f"insert into measurement ({', '.join(MEASUREMENT_COLUMNS)}) values ({', '.join('?' * len(MEASUREMENT_COLUMNS))})"  # noqa: S608  column names of this module only
)


class Store:
    """One connection for all threads; the lock of SimulatorState orders them."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        # Committed rows survive a kill of the process, which is all that the fault tests need.
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(SCHEMA_SQL)
        self._documents: dict[str, dict[str, Json]] = {}
        self.load()

    def load(self) -> None:
        self._documents = {}
        for row in self._db.execute("select kind, id, data from document order by position"):
            self._documents.setdefault(row["kind"], {})[row["id"]] = json.loads(row["data"])

    def commit(self) -> None:
        self._db.commit()

    def rollback(self) -> None:
        if self._db.in_transaction:
            self._db.rollback()
            self.load()

    def close(self) -> None:
        self._db.close()

    def clear(self) -> None:
        self._db.execute("delete from document")
        self._db.execute("delete from measurement")
        self._documents = {}

    # Documents

    def all(self, kind: str) -> list[Json]:
        """In the order of their creation."""
        return list(self._documents.get(kind, {}).values())

    def get(self, kind: str, key: str) -> Json | None:
        return self._documents.get(kind, {}).get(key)

    def put(self, kind: str, key: str, document: Json) -> Json:
        self._documents.setdefault(kind, {})[key] = document
        self._db.execute(
            "insert into document (kind, id, data) values (?, ?, ?)"
            " on conflict (kind, id) do update set data = excluded.data",
            (kind, key, json.dumps(document)),
        )
        return document

    def remove(self, kind: str, key: str) -> None:
        self._documents.get(kind, {}).pop(key, None)
        self._db.execute("delete from document where kind = ? and id = ?", (kind, key))

    # Readings

    def add_measurements(self, rows: Iterable[Json]) -> None:
        values = ([row[name] for name in MEASUREMENT_COLUMNS] for row in rows)
        encoded = ([json.dumps(each) if isinstance(each, dict) else each for each in row] for row in values)
        self._db.executemany(INSERT_MEASUREMENT_SQL, encoded)

    def measurements(self, device_ids: list[str], conditions: list[tuple[str, Any]]) -> Iterator[Json]:
        """Newest `created` first. `conditions` are SQL comparisons ("created >= ?") with their value."""
        marks = ", ".join("?" * len(device_ids))
        where = " and ".join([f"device_id in ({marks})", *(text for text, _ in conditions)])
        values = [*device_ids, *(value for _, value in conditions)]
        sql = f"select * from measurement where {where} order by created desc, id desc"  # noqa: S608  conditions of our modules only
        for row in self._db.execute(sql, values).fetchall():
            yield decode_measurement(row)

    def measurement(self, key: str) -> Json | None:
        row = self._db.execute("select * from measurement where id = ?", (key,)).fetchone()
        return decode_measurement(row) if row else None

    def update_measurement(self, key: str, **columns: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        sql = f"update measurement set {names} where id = ?"  # noqa: S608  column names of our modules only
        self._db.execute(sql, (*columns.values(), key))

    def count_measurements(self) -> int:
        return int(self._db.execute("select count(*) from measurement").fetchone()[0])

    def remove_measurements(self, device_id: str) -> None:
        self._db.execute("delete from measurement where device_id = ?", (device_id,))


def decode_measurement(row: sqlite3.Row) -> Json:
    reading = dict(row)
    reading["estimated_timestamp"] = bool(reading["estimated_timestamp"])
    if reading["filter_params"] is not None:
        reading["filter_params"] = json.loads(reading["filter_params"])
    return reading
