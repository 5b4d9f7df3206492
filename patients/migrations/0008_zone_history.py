import pgtrigger.compiler
import pgtrigger.migrations
from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations

# Patients that have no history yet: their zone is known from the beginning.
FILL_SQL = """
INSERT INTO programmes_zonechange (patient_id, time_zone, starts_at, is_correction, recorded_at)
SELECT id, time_zone, NULL, FALSE, now() FROM patients_patient AS patient
WHERE NOT EXISTS (SELECT 1 FROM programmes_zonechange AS change WHERE change.patient_id = patient.id)
ORDER BY id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0007_billing_facts"),
        ("programmes", "0001_initial"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name='patient',
            trigger=pgtrigger.compiler.Trigger(name='zone_history', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nIF NEW.time_zone IS DISTINCT FROM (\n    SELECT change.time_zone FROM programmes_zonechange AS change\n    WHERE change.patient_id = NEW.id ORDER BY change.id DESC LIMIT 1\n) THEN\n    INSERT INTO programmes_zonechange (patient_id, time_zone, starts_at, is_correction, recorded_at)\n    VALUES (NEW.id, NEW.time_zone, CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE now() END, FALSE, now());\nEND IF;\nRETURN NULL;\n", hash='dfb57f67043025565297087922306bde0d1ca6e7', operation='INSERT OR UPDATE OF "time_zone"', pgid='pgtrigger_zone_history_879cc', table='patients_patient', when='AFTER')),
        ),
        ValidateConstraint(model_name="auditevent", name="audit_action_known"),
        migrations.RunSQL(FILL_SQL, migrations.RunSQL.noop),
    ]
