"""Data for a script inside a page: read back as it was, and never markup."""

import json
import re

import pytest
from django.utils.html import json_script

from measurements.templatetags.formatting import json_data_script

HOSTILE = ["</script><script>alert(1)</script>", "<!--", "a & b", '"quoted" \\u003C', "é \u2028", ""]


@pytest.mark.parametrize("text", HOSTILE)
def test_embedded_json_equals_django_json_script_and_contains_no_markup(text):
    data = {"label": text, text: [1.5, None, True, -0.25]}

    ours, djangos = json_data_script(data, "vitals-data"), json_script(data, "vitals-data")

    inner = re.fullmatch(r'<script id="vitals-data" type="application/json">([^<>&]*)</script>', ours)[1]
    assert json.loads(inner) == data
    assert ours.split(">")[0] == djangos.split(">")[0]
