"""Time to import 5,000 patients of whom 3 % have a problem, by the command and as the worker does it."""

import csv
import json
import time

import pytest

from config.launcher.supervisor import PYTHON

pytestmark = pytest.mark.bench
ROWS, BAD_EVERY, MOST_SECONDS = 5_000, 33, 60
HEADINGS = ("Last name", "First name", "Date of birth", "MRN", "Phone", "Street", "City", "State", "ZIP", "Provider")


def write_list(path):
    """Every 33rd date of birth is none."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        for n in range(ROWS):
            day = f"{1 + n % 28:02}" if n % BAD_EVERY else "32"
            address = (f"{n} Alder Street", "Concord", "NH", "3301")
            born = f"{1930 + n % 60}-{1 + n % 12:02}-{day}"
            writer.writerow(
                (f"Family{n}", f"Given{n % 97}", born, f"I{n:06}", "(603) 555-0142", *address, f"Dr. {n % 20}")
            )


def import_list(bench, path, clinic, *arguments):
    """Seconds and the counts of the result."""
    command = [PYTHON, "manage.py", "import_patients", str(path), "--clinic", clinic, "--format", "json", *arguments]
    start = time.monotonic()
    output = bench.supervisor.run("import", command)
    return time.monotonic() - start, json.loads(output.splitlines()[-1])["counts"]


def test_import_of_5_000_patients(bench, tmp_path, record_figure):
    clinic, path = bench.one("SELECT slug FROM patients_clinic ORDER BY id LIMIT 1"), tmp_path / "list.csv"
    write_list(path)
    bad = len(range(0, ROWS, BAD_EVERY))

    checked, dry = import_list(bench, path, clinic, "--dry-run")
    imported, real = import_list(bench, path, clinic)

    record_figure(f"dry run of an import of {ROWS:,} patients, s", f"{checked:.0f}", reach=f"{MOST_SECONDS}")
    record_figure(
        f"import of {ROWS:,} patients, {bad} of them with a problem, s", f"{imported:.0f}", reach=f"{MOST_SECONDS}"
    )
    assert (dry["ready"], dry["problem"]) == (ROWS - bad, bad)
    assert (real["enrolled"], real["problem"]) == (ROWS - bad, bad)
