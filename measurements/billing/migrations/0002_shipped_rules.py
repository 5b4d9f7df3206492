"""The shipped rules of codes and their last confirmed year as rows, so that administrators can edit them."""

import json
from pathlib import Path

from django.db import migrations

SHIPPED_RULES_FILE = Path(__file__).parents[1] / "engine" / "shipped_rules.json"
SAME_NAMED = ("code", "programme", "kind", "least", "source", "checked_by")


def load_shipped_rules(apps, schema_editor):
    shipped = json.loads(SHIPPED_RULES_FILE.read_text(encoding="utf-8"))
    rules = apps.get_model("billing", "CodeRuleRow").objects
    for row in shipped["codes"]:
        rules.get_or_create(
            code=row["code"],
            start=row["from"],
            defaults={
                **{name: row[name] for name in SAME_NAMED},
                "most": row.get("most"),
                "each": row.get("each"),
                "beside": row.get("beside", ""),
                "system": row.get("system", ""),
                "needs": row.get("needs", []),
                "end": row.get("until"),
            },
        )
    source = {"source": "CMS-1832-F, 90 FR 49266", "checked_by": "shipped"}
    years = apps.get_model("billing", "ConfirmedYear").objects
    years.get_or_create(year=shipped["last_confirmed_year"], defaults=source)


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [migrations.RunPython(load_shipped_rules, migrations.RunPython.noop)]
