"""Vendored files match the hashes, versions and licences of VENDOR.json."""

import hashlib
import json

from tests.source_code import ROOT

VENDOR = ROOT / "static" / "vendor"
LISTED = json.loads((VENDOR / "VENDOR.json").read_text())


def test_vendored_files_are_listed_with_hash_version_and_licence():
    assert {row["file"] for row in LISTED} == {p.name for p in VENDOR.iterdir()} - {"VENDOR.json", "LICENSES.txt"}
    for row in LISTED:
        assert hashlib.sha256((VENDOR / row["file"]).read_bytes()).hexdigest() == row["sha256"], row["file"]
        assert row["version"]
        assert row["licence"]
