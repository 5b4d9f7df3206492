import datetime
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('devices', '0001_initial'),
        ('patients', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Metric',
            fields=[
                ('code', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('label', models.CharField(max_length=80)),
                ('unit', models.CharField(blank=True, max_length=16)),
                ('decimals', models.PositiveSmallIntegerField(default=0)),
                ('known', models.BooleanField(default=False, help_text='the meaning of its values is known')),
                ('vital', models.BooleanField(default=False, help_text='shown to clinicians as a vital sign')),
                ('physiologic', models.BooleanField(default=False, help_text='its days count for RPM device codes')),
                ('single', models.BooleanField(default=False, help_text='only one value is possible at a time; two are a conflict')),
                ('has_second_value', models.BooleanField(default=False)),
                ('label_1', models.CharField(blank=True, max_length=40)),
                ('label_2', models.CharField(blank=True, max_length=40)),
                ('lowest_1', models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ('highest_1', models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ('lowest_2', models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ('highest_2', models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ('position', models.PositiveSmallIntegerField(default=100)),
                ('source', models.CharField(blank=True, max_length=200)),
            ],
            options={
                'verbose_name': 'kind of reading',
                'verbose_name_plural': 'kinds of readings',
                'ordering': ('position', 'code'),
            },
        ),
        migrations.CreateModel(
            name='Measurement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('taken_at', models.DateTimeField(help_text="by the device's clock; may be days before it arrives")),
                ('stamped_at', models.DateTimeField(blank=True, null=True, verbose_name='stamp of a device clock that is ahead')),
                ('identity_at', models.GeneratedField(db_persist=True, expression=models.Func(django.db.models.functions.comparison.Coalesce('stamped_at', 'taken_at'), output_field=models.DateTimeField(), template="timezone('UTC', date_trunc('second', timezone('UTC', %(expressions)s)))"), output_field=models.DateTimeField(), verbose_name='stamp in whole seconds')),
                ('index', models.IntegerField(default=0, verbose_name='measurement index')),
                ('value_1', models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ('value_2', models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ('beyond_meter', models.CharField(blank=True, choices=[('above', "above the meter's range"), ('below', "below the meter's range")], default='', max_length=5, verbose_name='beyond the meter')),
                ('time_source', models.CharField(choices=[('timestamp', 'taken'), ('created', 'created (old payload)')], default='timestamp', max_length=9)),
                ('estimated', models.BooleanField(default=False, verbose_name='time estimated by the vendor')),
                ('timezone_offset', models.SmallIntegerField(blank=True, null=True, verbose_name='offset from UTC, hours')),
                ('vendor_created_at', models.DateTimeField(blank=True, null=True, verbose_name='received by the vendor')),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='received here')),
                ('source', models.CharField(choices=[('webhook', 'Webhook'), ('pull', 'Pulled')], default='webhook', max_length=8)),
                ('raw_metric', models.CharField(blank=True, max_length=64)),
                ('hardware_uuid', models.CharField(blank=True, max_length=255)),
                ('sensor_code', models.CharField(blank=True, max_length=255)),
                ('filter_params', models.JSONField(blank=True, default=dict)),
                ('delivery_id', models.BigIntegerField(blank=True, null=True)),
                ('conflict', models.BooleanField(default=False)),
                ('duplicate', models.BooleanField(default=False, verbose_name='probable duplicate')),
                ('implausible', models.BooleanField(default=False)),
                ('control', models.BooleanField(default=False, verbose_name='control solution')),
                ('late', models.GeneratedField(db_persist=True, expression=models.Func(django.db.models.functions.comparison.Coalesce('vendor_created_at', models.Case(models.When(source='webhook', then=models.F('received_at')))), models.F('taken_at'), arg_joiner=' - ', output_field=models.BooleanField(), template="COALESCE(%(expressions)s > interval '24 hours', false)"), output_field=models.BooleanField(), verbose_name='came over 24 h late')),
                ('clock_reset', models.GeneratedField(db_persist=True, expression=models.Func(django.db.models.functions.comparison.Coalesce('vendor_created_at', models.Case(models.When(source='webhook', then=models.F('received_at')))), models.F('taken_at'), arg_joiner=' - ', output_field=models.BooleanField(), template="COALESCE(%(expressions)s > interval '365 days', false)"), output_field=models.BooleanField(), verbose_name='stamped over a year before it arrived')),
                ('excluded_at', models.DateTimeField(blank=True, null=True)),
                ('excluded_reason', models.CharField(blank=True, max_length=200)),
                ('device', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='measurements', to='devices.device')),
                ('excluded_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='measurements', to='patients.patient')),
                ('metric', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='measurements.metric')),
            ],
            options={
                'verbose_name': 'reading',
                'verbose_name_plural': 'readings',
                'ordering': ('-taken_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='LatestReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('taken_at', models.DateTimeField()),
                ('value_1', models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ('value_2', models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True)),
                ('beyond_meter', models.CharField(blank=True, choices=[('above', "above the meter's range"), ('below', "below the meter's range")], default='', max_length=5)),
                ('estimated', models.BooleanField(default=False)),
                ('conflict', models.BooleanField(default=False)),
                ('implausible', models.BooleanField(default=False)),
                ('patient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='latest_readings', to='patients.patient')),
                ('doubtful', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='measurements.measurement', verbose_name='newer reading to be checked')),
                ('measurement', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='measurements.measurement')),
                ('metric', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='measurements.metric')),
            ],
        ),
        migrations.CreateModel(
            name='PatientSummary',
            fields=[
                ('patient', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='summary', serialize=False, to='patients.patient')),
                ('systolic', models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True, verbose_name='newest systolic value, mmHg')),
                ('glucose', models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True, verbose_name='newest glucose, mg/dL')),
                ('spo2', models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True, verbose_name='newest SpO₂, %')),
                ('systolic_at', models.DateTimeField(blank=True, null=True, verbose_name='newest blood pressure taken')),
                ('glucose_at', models.DateTimeField(blank=True, null=True, verbose_name='newest glucose taken')),
                ('spo2_at', models.DateTimeField(blank=True, null=True, verbose_name='newest SpO₂ taken')),
                ('last_at', models.DateTimeField(blank=True, null=True, verbose_name='newest vital sign taken')),
                ('measured_days_mask', models.BigIntegerField(default=0)),
                ('last_measured_on', models.DateField(blank=True, null=True)),
                ('weight_gain', models.FloatField(blank=True, null=True, verbose_name='weight of the last day from the usual weight, lb')),
                ('usual_weight', models.FloatField(blank=True, null=True, verbose_name='usual weight, lb')),
                ('weight_at', models.DateTimeField(blank=True, null=True, verbose_name='newest weight taken')),
                ('week', models.JSONField(blank=True, default=dict)),
                ('week_status', models.CharField(blank=True, max_length=9, verbose_name='most urgent status of the week')),
                ('week_due_at', models.DateTimeField(blank=True, null=True, verbose_name='week to be computed at')),
                ('systolic_average', models.FloatField(blank=True, null=True, verbose_name='7-day average of systolic values, mmHg')),
                ('glucose_average', models.FloatField(blank=True, null=True, verbose_name='7-day average of glucose, mg/dL')),
                ('spo2_average', models.FloatField(blank=True, null=True, verbose_name='7-day average of SpO₂, %')),
                ('irregular_count', models.PositiveSmallIntegerField(default=0, verbose_name='irregular heartbeats of 7 days')),
                ('check_count', models.PositiveSmallIntegerField(default=0, verbose_name='conflicting or implausible readings of 7 days')),
            ],
            options={
                'indexes': [models.Index(fields=['week_due_at', 'patient'], name='summary_week_due')],
            },
        ),
        migrations.CreateModel(
            name='ReadingDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name="day in the patient's time zone")),
                ('patient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='reading_days', to='patients.patient')),
            ],
        ),
        migrations.CreateModel(
            name='Threshold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('component', models.PositiveSmallIntegerField(default=1, help_text='1: value 1 (systolic), 2: value 2 (diastolic)')),
                ('context', models.CharField(blank=True, help_text='meal context of a glucose reading, or empty', max_length=24)),
                ('very_low', models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ('low', models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ('high', models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ('very_high', models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ('source', models.CharField(max_length=200)),
                ('source_date', models.DateField()),
                ('clinic', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='thresholds', to='patients.clinic')),
                ('metric', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='thresholds', to='measurements.metric')),
                ('patient', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='thresholds', to='patients.patient')),
            ],
            options={
                'verbose_name': 'goal',
                'verbose_name_plural': 'goals',
                'ordering': ('metric', 'component', 'context'),
            },
        ),
        migrations.CreateModel(
            name='ThresholdChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('component', models.PositiveSmallIntegerField(default=1)),
                ('context', models.CharField(blank=True, max_length=24)),
                ('before', django.contrib.postgres.fields.ArrayField(base_field=models.DecimalField(decimal_places=2, max_digits=8, null=True), null=True, size=4)),
                ('after', django.contrib.postgres.fields.ArrayField(base_field=models.DecimalField(decimal_places=2, max_digits=8, null=True), null=True, size=4)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('clinic', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='patients.clinic')),
                ('metric', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='measurements.metric')),
                ('patient', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='patients.patient')),
            ],
            options={
                'verbose_name': 'change of a goal',
                'verbose_name_plural': 'changes of goals',
                'ordering': ('-pk',),
            },
        ),
        migrations.CreateModel(
            name='DryWeight',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weight', models.DecimalField(blank=True, decimal_places=2, max_digits=6, null=True, verbose_name='dry weight, lb')),
                ('determined_on', models.DateField(verbose_name='determined on')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='dry_weights', to='patients.patient')),
            ],
            options={
                'verbose_name': 'dry weight',
                'verbose_name_plural': 'dry weights',
                'ordering': ('-pk',),
                'indexes': [models.Index(fields=['patient', '-id'], name='dry_weight_by_patient')],
                'constraints': [models.CheckConstraint(condition=models.Q(('weight__isnull', True), models.Q(('weight__gt', 0), ('weight__lte', 1000)), _connector='OR'), name='dry_weight_possible')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='dryweight',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='326eac9ec4ede2b98e8a030a9471e58bd67050b9', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_33b71', table='measurements_dryweight', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='measurement',
            index=models.Index(fields=['patient', 'metric', 'taken_at'], include=('id', 'value_1', 'value_2', 'index', 'device', 'estimated', 'conflict', 'duplicate', 'implausible', 'control', 'late', 'excluded_at', 'stamped_at', 'clock_reset'), name='measurement_for_chart'),
        ),
        migrations.AddIndex(
            model_name='measurement',
            index=models.Index(condition=models.Q(('conflict', True)), fields=['-id'], name='measurement_in_conflict'),
        ),
        migrations.AddIndex(
            model_name='measurement',
            index=models.Index(condition=models.Q(('duplicate', True)), fields=['-id'], name='measurement_duplicate'),
        ),
        migrations.AddIndex(
            model_name='measurement',
            index=models.Index(condition=models.Q(('implausible', True)), fields=['-id'], name='measurement_implausible'),
        ),
        migrations.AddIndex(
            model_name='measurement',
            index=models.Index(condition=models.Q(('control', True)), fields=['-id'], name='measurement_control'),
        ),
        migrations.AddIndex(
            model_name='measurement',
            index=models.Index(condition=models.Q(('beyond_meter__in', ['above', 'below'])), fields=['patient', 'taken_at'], name='measurement_beyond_meter'),
        ),
        migrations.AddIndex(
            model_name='measurement',
            index=models.Index(condition=models.Q(('time_source', 'created')), fields=['device'], name='measurement_old_payload'),
        ),
        migrations.AddIndex(
            model_name='measurement',
            index=models.Index(condition=models.Q(('estimated', True)), fields=['device', 'metric', 'identity_at'], name='measurement_estimated'),
        ),
        migrations.AddIndex(
            model_name='measurement',
            index=models.Index(condition=models.Q(('stamped_at__isnull', False)), fields=['device', 'stamped_at'], name='measurement_clock_ahead'),
        ),
        migrations.AddConstraint(
            model_name='measurement',
            constraint=models.UniqueConstraint(models.F('device'), models.F('metric'), models.F('identity_at'), models.F('index'), django.db.models.functions.comparison.Coalesce('value_1', Decimal('0')), models.F('beyond_meter'), models.Case(models.When(metric__in=('pulse', 'irregular_heartbeat', 'weight', 'glucose', 'spO2', 'temperature', 'perfusion_index', 'peak_expiratory_flow', 'forced_expiratory_volume', 'steps', 'sleep', 'battery_percentage', 'pillbox_refill_initiated', 'patchcap_open_close_event', 'no_measurement_event', 'low_battery_event', 'patchcap_time_updated_event', 'patchcap_bluetooth_event'), then=models.Value(Decimal('0'))), default=django.db.models.functions.comparison.Coalesce('value_2', Decimal('0')), output_field=models.DecimalField(decimal_places=2, max_digits=12)), name='measurement_kept_once'),
        ),
        migrations.AddConstraint(
            model_name='measurement',
            constraint=models.CheckConstraint(condition=models.Q(('taken_at__gte', datetime.datetime(2015, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)), ('taken_at__lt', datetime.datetime(2100, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))), name='measurement_taken_at_possible'),
        ),
        migrations.AddConstraint(
            model_name='measurement',
            constraint=models.CheckConstraint(condition=models.Q(('stamped_at__isnull', True), models.Q(('stamped_at__gt', models.F('taken_at')), ('stamped_at__lt', datetime.datetime(2100, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))), _connector='OR'), name='measurement_stamped_ahead'),
        ),
        migrations.AddConstraint(
            model_name='measurement',
            constraint=models.CheckConstraint(condition=models.Q(('value_1__gte', -999999), ('value_1__lte', 999999)), name='measurement_value_1_is_a_number'),
        ),
        migrations.AddConstraint(
            model_name='measurement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('beyond_meter', ''), ('value_1__isnull', False)), models.Q(('beyond_meter__in', ['above', 'below']), ('value_1__isnull', True)), _connector='OR'), name='measurement_value_known_or_beyond_meter'),
        ),
        migrations.AddConstraint(
            model_name='measurement',
            constraint=models.CheckConstraint(condition=models.Q(('value_2__isnull', True), models.Q(('value_2__gte', -999999), ('value_2__lte', 999999)), _connector='OR'), name='measurement_value_2_is_a_number'),
        ),
        migrations.AddConstraint(
            model_name='measurement',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('metric', 'blood_pressure'), _negated=True), ('value_2__isnull', False), _connector='OR'), name='measurement_bp_has_diastolic'),
        ),
        migrations.AddConstraint(
            model_name='measurement',
            constraint=models.CheckConstraint(condition=models.Q(('excluded_at__isnull', True), models.Q(('excluded_reason', ''), _negated=True), _connector='OR'), name='measurement_excluded_with_reason'),
        ),
        migrations.AddConstraint(
            model_name='measurement',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['webhook', 'pull'])), name='measurement_source_known'),
        ),
        migrations.AddConstraint(
            model_name='measurement',
            constraint=models.CheckConstraint(condition=models.Q(('time_source__in', ['timestamp', 'created'])), name='measurement_time_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='measurement',
            trigger=pgtrigger.compiler.Trigger(name='clinical_facts_never_overwritten', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (NEW.patient_id IS DISTINCT FROM OLD.patient_id OR NEW.device_id IS DISTINCT FROM OLD.device_id OR NEW.metric_id IS DISTINCT FROM OLD.metric_id OR NEW.value_1 IS DISTINCT FROM OLD.value_1 OR (OLD.value_2 IS NOT NULL AND NEW.value_2 IS DISTINCT FROM OLD.value_2) OR (OLD.time_source = 'timestamp' AND (NEW.taken_at IS DISTINCT FROM OLD.taken_at OR NEW.stamped_at IS DISTINCT FROM OLD.stamped_at) AND NOT (OLD.stamped_at IS NULL AND NEW.stamped_at IS NOT DISTINCT FROM OLD.taken_at)))", func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='ec037e97ed11ff7f45e156c8fc62f265b192616d', operation='UPDATE', pgid='pgtrigger_clinical_facts_never_overwritten_613ae', table='measurements_measurement', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='measurement',
            trigger=pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='d0467af471135ad888d3f84db27519e164a512f6', operation='DELETE', pgid='pgtrigger_never_deleted_4550c', table='measurements_measurement', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='latestreading',
            index=models.Index(fields=['metric', 'taken_at'], name='latest_by_metric'),
        ),
        migrations.AddConstraint(
            model_name='latestreading',
            constraint=models.UniqueConstraint(fields=('patient', 'metric'), name='latest_once'),
        ),
        migrations.AddConstraint(
            model_name='readingday',
            constraint=models.UniqueConstraint(fields=('patient', 'day'), name='reading_day_once'),
        ),
        migrations.AddConstraint(
            model_name='threshold',
            constraint=models.UniqueConstraint(fields=('metric', 'component', 'context', 'clinic', 'patient'), name='threshold_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='threshold',
            constraint=models.CheckConstraint(condition=models.Q(('clinic__isnull', True), ('patient__isnull', True), _connector='OR'), name='threshold_one_scope'),
        ),
        migrations.AddConstraint(
            model_name='threshold',
            constraint=models.CheckConstraint(condition=models.Q(('component__in', (1, 2))), name='threshold_component_known'),
        ),
        migrations.AddConstraint(
            model_name='threshold',
            constraint=models.CheckConstraint(condition=models.Q(('low__isnull', True), ('high__isnull', True), ('low__lt', models.F('high')), _connector='OR'), name='threshold_low_below_high'),
        ),
        migrations.AddConstraint(
            model_name='thresholdchange',
            constraint=models.CheckConstraint(condition=models.Q(('clinic__isnull', True), ('patient__isnull', True), _connector='XOR'), name='threshold_change_one_scope'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='thresholdchange',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='878f48a1606b6dd5aa1582e72f12535dd3e3cdf4', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_84c24', table='measurements_thresholdchange', when='BEFORE')),
        ),
    ]
