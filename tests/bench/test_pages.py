"""What pages cost in a clinic of 10,000, with many readings and with few (READINGS=1000000 TIMES=8: a shorter look)."""

import json
import os

import psycopg
import pytest
from psycopg import sql

from config.launcher.crew import PYTHON
from tests.bench.test_receiver import percentile

pytestmark = pytest.mark.bench
PEOPLE, FEW, MANY = 10_000, 100_000, int(os.environ.get("READINGS", "10_000_000"))
MOST_MS, TIMES = 200, int(os.environ.get("TIMES", "40"))
# The newest values' own rows are fetched by their key; all other readings come out of the chart's index alone.
READ_WELL = {("Index Only Scan", "measurement_for_chart"), ("Index Scan", "measurements_measurement_pkey")}


def house(bench, name, people, readings, *, times=TIMES):
    """A database of its own on the bench's server, and what its pages cost."""
    with psycopg.connect(bench.database_url, autocommit=True) as db:
        db.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = bench.database_url.replace(f"/{db.info.dbname}?", f"/{name}?", 1)
    crew = bench.crew
    crew.run(f"prepare-{name}", [PYTHON, "-m", "config.launcher.prepare"], DATABASE_URL=url)
    filled = crew.run(
        f"fill-{name}", [PYTHON, "-m", "tests.bench.people", str(people), str(readings)], DATABASE_URL=url
    )
    known = filled.splitlines()[-1]
    said = crew.run(f"pages-{name}", [PYTHON, "-m", "tests.bench.pages", known, str(times)], DATABASE_URL=url)
    return json.loads(said.splitlines()[-1])


def test_pages_of_a_clinic_of_ten_thousand(bench, figure):
    ten = house(bench, "ten", 10, 1_000, times=1)
    few, many = house(bench, "few", PEOPLE, FEW), house(bench, "many", PEOPLE, MANY)

    for page, cost in many["pages"].items():
        half, most = (percentile(cost["ms"], share) for share in (0.5, 0.95))
        before = percentile(few["pages"][page]["ms"], 0.5)
        what = f"{page}, {PEOPLE:,} patients, {MANY:,} readings"
        size = f"{cost['queries']} queries, {cost['bytes'] / 1000:.0f} kB, {cost['gzip'] / 1000:.0f} kB packed"
        figure(f"{what}: p50 / p95, ms; {size}", f"{half:.0f} / {most:.0f}", reach=f"{MOST_MS}", rounds=cost["ms"])
        figure(f"{page}: p50 beside {FEW:,} readings", f"{half / before:.2f}", reach="1.2")
        if page.startswith("list by") and "middle" not in page:
            assert cost["queries"] == ten["pages"][page]["queries"], page

    assert many["reads"]
    assert {(kind, index) for kind, _, index in many["reads"]} <= READ_WELL
