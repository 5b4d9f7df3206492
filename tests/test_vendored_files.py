"""Vendored files match the hashes, versions and licences of VENDOR.json."""

import hashlib
import json

import pytest

from tests.source_code import ROOT

FOLDERS = ("static/vendor", "measurements/documents/fonts")


@pytest.mark.parametrize("folder", FOLDERS)
def test_vendored_files_are_listed_with_hash_version_and_licence(folder):
    listed = json.loads((ROOT / folder / "VENDOR.json").read_text())

    assert {row["file"] for row in listed} == {p.name for p in (ROOT / folder).iterdir()} - {
        "VENDOR.json",
        "LICENSES.txt",
    }
    for row in listed:
        assert hashlib.sha256((ROOT / folder / row["file"]).read_bytes()).hexdigest() == row["sha256"], row["file"]
        assert row["version"]
        assert row["licence"]
