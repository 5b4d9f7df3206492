import devices.models.vendor_call
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import patients.models.ranges
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('patients', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiKeySlot',
            fields=[
                ('bucket', models.CharField(help_text='a fingerprint of the key, never the key', max_length=32, primary_key=True, serialize=False, verbose_name='key')),
                ('next_free_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='free for the next call at')),
                ('person_waiting_until', models.DateTimeField(blank=True, null=True)),
                ('refused_since', models.DateTimeField(blank=True, null=True, verbose_name='refused by the vendor since')),
                ('refused_reason', models.CharField(blank=True, max_length=200, verbose_name='why')),
                ('failing_since', models.DateTimeField(blank=True, null=True, verbose_name='no usable answer since')),
                ('failing_cause', models.CharField(blank=True, choices=[('key', 'it refuses our key'), ('paused', 'it has asked us to wait, because there were too many requests'), ('unreachable', "it can't be reached"), ('unreadable', 'it answers with errors only'), ('address', 'our address of its service is wrong'), ('worker', 'the program of ours that sends is not running')], max_length=12, verbose_name='why not')),
            ],
            options={
                'verbose_name': 'vendor key',
                'verbose_name_plural': 'vendor keys',
                'ordering': ('bucket',),
            },
        ),
        migrations.CreateModel(
            name='OperatorAlarm',
            fields=[
                ('name', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('problem', models.TextField(help_text="no patient's data")),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
                ('resolved_at', models.DateTimeField(blank=True, null=True)),
                ('mailed_at', models.DateTimeField(blank=True, null=True)),
                ('resolved_mailed_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='Device',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hwi_id', models.UUIDField(unique=True, verbose_name='HWI device id')),
                ('name', models.CharField(max_length=255)),
                ('sensor_code', models.CharField(blank=True, max_length=255)),
                ('sensor_id', models.CharField(blank=True, max_length=255)),
                ('state', models.CharField(choices=[('pending', 'Pending shipment'), ('requested', 'Requested'), ('action_required', 'Action required'), ('on_hold', 'On hold'), ('ready', 'Ready to ship'), ('shipped', 'Shipped'), ('delivered', 'Delivered'), ('connected', 'Connected'), ('returned', 'Returned'), ('unlinked', 'Unlinked'), ('unknown_gateway', 'Unknown gateway'), ('cancelled', 'Cancelled'), ('other', 'Other')], default='other', max_length=16)),
                ('state_since', models.DateTimeField(default=django.utils.timezone.now)),
                ('vendor_status', models.CharField(blank=True, max_length=255, verbose_name="status in the vendor's words")),
                ('vendor_patient_id', models.CharField(blank=True, max_length=255, verbose_name="patient in the vendor's words")),
                ('connected_on', models.DateTimeField(blank=True, null=True)),
                ('unlinked_on', models.DateTimeField(blank=True, null=True)),
                ('vendor_last_measurement', models.DateTimeField(blank=True, null=True)),
                ('vendor_created', models.DateTimeField(blank=True, null=True)),
                ('shipping_code', models.CharField(blank=True, max_length=8)),
                ('tracking_link', models.CharField(blank=True, max_length=2000)),
                ('shipped_on', models.DateTimeField(blank=True, null=True)),
                ('delivered_on', models.DateTimeField(blank=True, null=True)),
                ('fulfilled', models.BooleanField(blank=True, null=True)),
                ('invalid_address', models.TextField(blank=True)),
                ('duplicate_at_address', models.BooleanField(default=False)),
                ('client_notes', models.TextField(blank=True)),
                ('fetched_at', models.DateTimeField(blank=True, null=True, verbose_name='read from the vendor')),
                ('unconfirmed_status', models.CharField(blank=True, max_length=255)),
                ('unconfirmed_status_at', models.DateTimeField(blank=True, null=True)),
                ('pinned_webhook_id', models.CharField(blank=True, max_length=255, verbose_name='pinned to the webhook')),
                ('refresh_due_at', models.DateTimeField(blank=True, null=True, verbose_name='read again at')),
                ('hardware_log_due_at', models.DateTimeField(blank=True, null=True, verbose_name="the vendor's log of its hardware is read at")),
                ('first_reading_at', models.DateTimeField(blank=True, null=True)),
                ('last_reading_at', models.DateTimeField(blank=True, null=True, verbose_name='last reading taken')),
                ('last_stamped_at', models.DateTimeField(blank=True, null=True, verbose_name='newest stamp of a reading')),
                ('last_seen_at', models.DateTimeField(blank=True, null=True, verbose_name='last heard of')),
                ('battery_percent', models.SmallIntegerField(blank=True, null=True)),
                ('folded_sensor_id', models.CharField(blank=True, editable=False, max_length=255)),
                ('tracking_number', models.CharField(blank=True, editable=False, max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('patient', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='devices', to='patients.patient')),
            ],
            options={
                'ordering': ('name', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='Assignment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('vendor_patient_id', models.CharField(blank=True, help_text='what the vendor calls the holder, where a person has said who that is', max_length=255)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='patients.patient')),
                ('device', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assignments', to='devices.device')),
            ],
            options={
                'ordering': ('device', models.OrderBy(models.F('started_at'), nulls_first=True)),
            },
        ),
        migrations.CreateModel(
            name='DeviceType',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('vendor_id', models.UUIDField(blank=True, null=True, unique=True)),
                ('name', models.CharField(help_text='Sent to the vendor exactly so.', max_length=255, unique=True)),
                ('sensor_code', models.CharField(blank=True, help_text='Empty for direct-cellular devices.', max_length=8)),
                ('sensor_id_required', models.BooleanField(default=False)),
                ('metrics', models.JSONField(blank=True, default=list)),
                ('image', models.CharField(blank=True, max_length=1000)),
                ('client_sku', models.CharField(blank=True, max_length=255)),
                ('stock_type', models.CharField(blank=True, max_length=16)),
                ('up_front_cost', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, verbose_name='up-front cost, USD')),
                ('shipping_cost', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, verbose_name='shipping cost, USD')),
                ('monthly_cost', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, verbose_name='monthly cost, USD')),
                ('in_stock', models.BooleanField(default=True)),
                ('virtual', models.BooleanField(default=False)),
                ('deprecated', models.BooleanField(default=False)),
                ('listed', models.BooleanField(default=True, verbose_name='in the catalogue')),
                ('synced_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ('name',),
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='device_type_named')],
            },
        ),
        migrations.AddField(
            model_name='device',
            name='device_type',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='devices', to='devices.devicetype'),
        ),
        migrations.CreateModel(
            name='Gateway',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), default=uuid.uuid4, editable=False, unique=True)),
                ('hardware_uuid', models.CharField(max_length=255, unique=True, verbose_name='gateway ID or IMEI')),
                ('firmware_version', models.CharField(blank=True, max_length=255)),
                ('bootloader_version', models.CharField(blank=True, max_length=255)),
                ('provisioned', models.BooleanField(blank=True, null=True)),
                ('signal_strength', models.SmallIntegerField(blank=True, help_text='30 or more excellent, 10 or less poor', null=True)),
                ('last_checkin_at', models.DateTimeField(blank=True, null=True)),
                ('last_measurement_at', models.DateTimeField(blank=True, null=True)),
                ('shipped_at', models.DateTimeField(blank=True, null=True)),
                ('assigned_at', models.DateTimeField(blank=True, null=True)),
                ('whitelist', models.JSONField(blank=True, default=list)),
                ('fetched_at', models.DateTimeField(blank=True, null=True, verbose_name='listed by the vendor')),
                ('status_fetched_at', models.DateTimeField(blank=True, null=True, verbose_name='status read from the vendor')),
                ('status_due_at', models.DateTimeField(blank=True, null=True, verbose_name='to be asked about at')),
                ('status_attempts', models.PositiveSmallIntegerField(default=0)),
                ('status_problem', models.CharField(blank=True, max_length=200, verbose_name='why nothing newer is known')),
                ('lookup_requested_at', models.DateTimeField(blank=True, null=True, verbose_name='a person has asked at')),
            ],
            options={
                'ordering': ('hardware_uuid',),
                'indexes': [models.Index(condition=models.Q(('status_due_at__isnull', False)), fields=['status_due_at'], name='gateway_to_ask'), models.Index(condition=models.Q(('lookup_requested_at__isnull', False)), fields=['lookup_requested_at'], name='gateway_looked_for'), models.Index(django.db.models.functions.text.Upper('hardware_uuid'), name='gateway_by_printed_id')],
                'constraints': [models.CheckConstraint(condition=models.Q(('hardware_uuid', ''), _negated=True), name='gateway_has_id')],
            },
        ),
        migrations.AddField(
            model_name='device',
            name='gateway',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='devices', to='devices.gateway'),
        ),
        migrations.CreateModel(
            name='HardwareChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('old_hardware_uuid', models.CharField(blank=True, max_length=255, verbose_name='before')),
                ('new_hardware_uuid', models.CharField(blank=True, max_length=255, verbose_name='after')),
                ('detected_at', models.DateTimeField(blank=True, null=True, verbose_name='noticed here')),
                ('logged_at', models.DateTimeField(blank=True, null=True, verbose_name="in the vendor's log")),
                ('log_id', models.UUIDField(blank=True, null=True, unique=True, verbose_name="row of the vendor's log")),
                ('device', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hardware_changes', to='devices.device')),
            ],
            options={
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='SyncRun',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('measurements', 'Readings'), ('devices', 'Devices'), ('catalogue', 'Device catalogue'), ('gateways', 'Gateways'), ('bulk_orders', 'Bulk orders')], max_length=12)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('nightly', models.BooleanField(default=False)),
                ('deep', models.BooleanField(default=False, verbose_name='over 30 days')),
                ('found', models.PositiveIntegerField(default=0)),
                ('differences', models.JSONField(blank=True, default=list, help_text='device differences, one object each')),
                ('problem', models.TextField(blank=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='failed attempts')),
                ('next_attempt_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='tried again at')),
                ('totals', models.JSONField(blank=True, default=dict, help_text='of its rows, once it is finished')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sync_runs', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'comparison',
                'verbose_name_plural': 'comparisons',
                'ordering': ('-started_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='SyncRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease', models.UUIDField(blank=True, null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('window_start', models.DateTimeField()),
                ('window_end', models.DateTimeField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('done', 'Done'), ('failed', 'Failed')], default='waiting', max_length=8)),
                ('found', models.PositiveIntegerField(default=0, verbose_name='readings at the vendor')),
                ('added', models.PositiveIntegerField(default=0, verbose_name='new here')),
                ('missed', models.PositiveIntegerField(default=0, verbose_name='missed by webhooks')),
                ('quarantined', models.PositiveIntegerField(default=0)),
                ('problem', models.TextField(blank=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sync_rows', to='patients.patient')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='devices.syncrun')),
            ],
            options={
                'verbose_name': 'compared patient',
                'verbose_name_plural': 'compared patients',
                'ordering': ('pk',),
            },
        ),
        migrations.CreateModel(
            name='VendorCall',
            fields=[
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease', models.UUIDField(blank=True, null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('order', 'Order a device'), ('activate', 'Activate a device'), ('unlink', 'Unlink a device'), ('delete', 'Cancel before it ships'), ('detach', 'Detach a device from its patient'), ('create_patient', "Create the patient's record"), ('update_patient', "Update the patient's record"), ('replace', 'Replace hardware'), ('cancel_replacing', 'Cancel a replacement')], max_length=16)),
                ('state', models.CharField(choices=[('queued', 'Waiting to be sent'), ('sending', 'Being sent'), ('unknown', 'Sent, answer unclear'), ('needs_review', 'Needs a person'), ('confirmed', 'Confirmed'), ('rejected', 'Refused by the vendor'), ('cancelled', 'Cancelled'), ('abandoned', 'Given up')], default='queued', max_length=12)),
                ('reference', models.CharField(default=devices.models.vendor_call.generate_reference, help_text="in the vendor's notes", max_length=16, unique=True)),
                ('payload', models.JSONField(blank=True, default=dict, help_text="arguments of the client's method")),
                ('answer', models.JSONField(blank=True, default=dict, help_text="the vendor's answer, where it is not a device")),
                ('reason', models.TextField(blank=True, help_text='in words for a person')),
                ('errors', models.JSONField(blank=True, default=dict, help_text="the vendor's refusal by field")),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('resolved_at', models.DateTimeField(blank=True, null=True)),
                ('unknown_since', models.DateTimeField(blank=True, null=True)),
                ('search_after', models.DateTimeField(blank=True, null=True)),
                ('absence_count', models.PositiveSmallIntegerField(default=0)),
                ('lookup_requested_at', models.DateTimeField(blank=True, null=True)),
                ('lookup_at', models.DateTimeField(blank=True, null=True)),
                ('lookup_problem', models.CharField(blank=True, max_length=200)),
                ('lookup_results', models.JSONField(blank=True, default=list)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('device', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='vendor_calls', to='devices.device')),
                ('patient', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='vendor_calls', to='patients.patient')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='vendor_calls', to=settings.AUTH_USER_MODEL)),
                ('resolved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'call to the vendor',
                'verbose_name_plural': 'calls to the vendor',
                'ordering': ('-created_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='WebhookCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('minute', models.DateTimeField()),
                ('outcome', models.CharField(choices=[('accepted', 'Accepted'), ('wrong_secret', 'Wrong or missing secret'), ('probe', 'No such hook, no secret'), ('path', 'No such hook'), ('method', 'Not a POST'), ('length', 'No length'), ('too_large', 'Too large'), ('incomplete', 'Incomplete body'), ('too_slow', 'Body too slow'), ('database', 'Database error'), ('defect', 'A defect of ours')], max_length=12)),
                ('source', models.CharField(blank=True, help_text='empty: several more', max_length=45, verbose_name="sender's address")),
                ('count', models.PositiveIntegerField()),
            ],
            options={
                'verbose_name': 'webhook count',
                'verbose_name_plural': 'webhook counts',
                'ordering': ('-minute', 'outcome', 'source'),
                'constraints': [models.UniqueConstraint(fields=('minute', 'outcome', 'source'), name='tally_once'), models.CheckConstraint(condition=models.Q(('outcome__in', ['accepted', 'wrong_secret', 'probe', 'path', 'method', 'length', 'too_large', 'incomplete', 'too_slow', 'database', 'defect'])), name='tally_outcome_known')],
            },
        ),
        migrations.CreateModel(
            name='WebhookSelfTest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease', models.UUIDField(blank=True, null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('kind', models.CharField(choices=[('check', 'Comparison of what is registered'), ('repair', 'Repair'), ('measurement', 'Test message of readings'), ('fulfillment', 'Test message of shipping'), ('pin_check', 'Read whether a device is pinned'), ('unpin', 'Unpin a device')], max_length=12, verbose_name='step')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='asked for')),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('problem', models.TextField(blank=True)),
                ('findings', models.JSONField(blank=True, default=dict)),
                ('test_device_id', models.UUIDField(default=uuid.uuid4, editable=False, verbose_name='id of the test message')),
                ('arrived_at', models.DateTimeField(blank=True, null=True, verbose_name='arrived')),
                ('device', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='devices.device')),
                ('requested_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'step of the webhook self-test',
                'verbose_name_plural': 'steps of the webhook self-test',
                'ordering': ('-pk',),
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease', models.UUIDField(blank=True, null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('kind', models.CharField(choices=[('measurement', 'Measurement'), ('fulfillment', 'Fulfillment'), ('order', 'Special order')], max_length=12)),
                ('source', models.CharField(choices=[('webhook', 'Webhook'), ('item', 'Item of a list'), ('pull', 'Pulled from the vendor')], default='webhook', max_length=8)),
                ('body', models.BinaryField()),
                ('digest', models.BinaryField(help_text='SHA-256 of the body', max_length=32)),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('state', models.CharField(choices=[('new', 'New'), ('waiting', 'Waits for its device'), ('done', 'Done'), ('quarantined', 'Quarantined'), ('dead', 'Gave up')], default='new', max_length=12)),
                ('reason', models.TextField(blank=True, help_text='why it waits or could not be used, for a person')),
                ('hwi_id', models.UUIDField(blank=True, null=True, verbose_name='HWI device id')),
                ('outcome', models.JSONField(blank=True, default=dict)),
                ('flagged', models.BooleanField(default=False, verbose_name='repaired, or read in part')),
                ('lookup_after', models.DateTimeField(blank=True, help_text="after an answer that can't be used", null=True, verbose_name='its device is looked up again at')),
                ('processed_at', models.DateTimeField(blank=True, null=True)),
                ('purged_at', models.DateTimeField(blank=True, null=True)),
                ('position', models.PositiveIntegerField(blank=True, null=True)),
                ('parent', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='devices.delivery')),
            ],
            options={
                'verbose_name': 'webhook delivery',
                'verbose_name_plural': 'webhook deliveries',
                'ordering': ('-pk',),
                'indexes': [models.Index(condition=models.Q(('state__in', ('new', 'waiting'))), fields=['kind', 'next_attempt_at', 'id'], name='delivery_due'), models.Index(condition=models.Q(('state__in', ('waiting', 'quarantined', 'dead'))), fields=['state', '-id'], name='delivery_for_a_person'), models.Index(condition=models.Q(('state', 'waiting')), fields=['hwi_id'], name='delivery_waits_for'), models.Index(condition=models.Q(('state__in', ('quarantined', 'dead'))), fields=['hwi_id'], name='delivery_failed_of_device'), models.Index(fields=['-received_at'], name='delivery_by_time'), models.Index(condition=models.Q(('kind', 'measurement'), _negated=True), fields=['kind', '-id'], name='delivery_of_rare_kind'), models.Index(condition=models.Q(('source', 'webhook'), _negated=True), fields=['source', '-id'], name='delivery_not_by_hook'), models.Index(condition=models.Q(('flagged', True)), fields=['-id'], name='delivery_repaired'), models.Index(condition=models.Q(('purged_at__isnull', True), ('state', 'done')), fields=['processed_at'], name='delivery_to_purge')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['measurement', 'fulfillment', 'order'])), name='delivery_kind_known'), models.CheckConstraint(condition=models.Q(('state__in', ['new', 'waiting', 'done', 'quarantined', 'dead'])), name='delivery_state_known'), models.CheckConstraint(condition=models.Q(('source__in', ['webhook', 'item', 'pull'])), name='delivery_source_known'), models.UniqueConstraint(condition=models.Q(('parent__isnull', False)), fields=('parent', 'position'), name='delivery_item_once')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='delivery',
            trigger=pgtrigger.compiler.Trigger(name='kept_as_it_came', sql=pgtrigger.compiler.UpsertTriggerSql(condition="WHEN (NEW.digest IS DISTINCT FROM OLD.digest OR NEW.received_at IS DISTINCT FROM OLD.received_at OR NEW.kind IS DISTINCT FROM OLD.kind OR (NEW.body IS DISTINCT FROM OLD.body AND NEW.body <> ''::bytea))", func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='e1d24c4748997ded74efd50cf66cca882f6a9edd', operation='UPDATE', pgid='pgtrigger_kept_as_it_came_cc61b', table='devices_delivery', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='delivery',
            trigger=pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='80302eb32bf325037c0dd2c4cfb9fc51822bfecf', operation='DELETE', pgid='pgtrigger_never_deleted_f1994', table='devices_delivery', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='assignment',
            index=models.Index(fields=['patient', 'ended_at'], name='assignment_by_patient'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(patients.models.ranges.Int8Range('device_id', 'device_id', models.Value('[]')), '&&'), (patients.models.ranges.TstzRange('started_at', 'ended_at', django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='assignment_one_holder_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('started_at__isnull', True), ('ended_at__isnull', True), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='assignment_ends_after_start'),
        ),
        migrations.AddIndex(
            model_name='device',
            index=models.Index(condition=models.Q(('refresh_due_at__isnull', False)), fields=['refresh_due_at'], name='device_to_reread'),
        ),
        migrations.AddIndex(
            model_name='device',
            index=models.Index(condition=models.Q(('hardware_log_due_at__isnull', False)), fields=['hardware_log_due_at'], name='device_swaps_due'),
        ),
        migrations.AddIndex(
            model_name='device',
            index=models.Index(fields=['state'], name='device_by_state'),
        ),
        migrations.AddIndex(
            model_name='device',
            index=models.Index(condition=models.Q(('folded_sensor_id', ''), _negated=True), fields=['folded_sensor_id'], name='device_by_sensor_id'),
        ),
        migrations.AddIndex(
            model_name='device',
            index=models.Index(condition=models.Q(('tracking_number', ''), _negated=True), fields=['tracking_number'], name='device_by_tracking_number'),
        ),
        migrations.AddConstraint(
            model_name='device',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'requested', 'action_required', 'on_hold', 'ready', 'shipped', 'delivered', 'connected', 'returned', 'unlinked', 'unknown_gateway', 'cancelled', 'other'])), name='device_state_known'),
        ),
        migrations.AddConstraint(
            model_name='device',
            constraint=models.CheckConstraint(condition=models.Q(('battery_percent__isnull', True), ('battery_percent__range', (0, 100)), _connector='OR'), name='device_battery_possible'),
        ),
        migrations.AddIndex(
            model_name='hardwarechange',
            index=models.Index(django.db.models.functions.text.Upper('old_hardware_uuid'), name='hardware_change_by_old_id'),
        ),
        migrations.AddConstraint(
            model_name='hardwarechange',
            constraint=models.CheckConstraint(condition=models.Q(('detected_at__isnull', False), ('log_id__isnull', False), _connector='OR'), name='hardware_change_has_a_witness'),
        ),
        migrations.AddConstraint(
            model_name='hardwarechange',
            constraint=models.CheckConstraint(condition=models.Q(('old_hardware_uuid', models.F('new_hardware_uuid')), _negated=True), name='hardware_change_is_one'),
        ),
        migrations.AddIndex(
            model_name='syncrun',
            index=models.Index(fields=['kind', '-started_at'], name='sync_by_kind'),
        ),
        migrations.AddIndex(
            model_name='syncrun',
            index=models.Index(fields=['-started_at', '-id'], name='sync_by_time'),
        ),
        migrations.AddConstraint(
            model_name='syncrun',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['measurements', 'devices', 'catalogue', 'gateways', 'bulk_orders'])), name='sync_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='syncrun',
            constraint=models.UniqueConstraint(condition=models.Q(('finished_at__isnull', True)), fields=('kind',), name='sync_one_at_a_time'),
        ),
        migrations.AddIndex(
            model_name='syncrow',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['next_attempt_at', 'id'], name='sync_row_due'),
        ),
        migrations.AddIndex(
            model_name='syncrow',
            index=models.Index(condition=models.Q(('state', 'done')), fields=['patient', '-window_end'], name='sync_watermark'),
        ),
        migrations.AddConstraint(
            model_name='syncrow',
            constraint=models.UniqueConstraint(fields=('run', 'patient'), name='sync_row_once'),
        ),
        migrations.AddConstraint(
            model_name='syncrow',
            constraint=models.CheckConstraint(condition=models.Q(('window_end__gt', models.F('window_start'))), name='sync_window_closed'),
        ),
        migrations.AddConstraint(
            model_name='syncrow',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'done', 'failed'])), name='sync_row_state_known'),
        ),
        migrations.AddIndex(
            model_name='vendorcall',
            index=models.Index(condition=models.Q(('state', 'queued')), fields=['next_attempt_at', 'created_at'], name='call_waiting'),
        ),
        migrations.AddIndex(
            model_name='vendorcall',
            index=models.Index(condition=models.Q(('state', 'sending')), fields=['leased_until'], name='call_being_sent'),
        ),
        migrations.AddIndex(
            model_name='vendorcall',
            index=models.Index(condition=models.Q(('state', 'unknown')), fields=['search_after'], name='call_to_search'),
        ),
        migrations.AddIndex(
            model_name='vendorcall',
            index=models.Index(fields=['state', '-created_at'], name='call_by_state'),
        ),
        migrations.AddConstraint(
            model_name='vendorcall',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['order', 'activate', 'unlink', 'delete', 'detach', 'create_patient', 'update_patient', 'replace', 'cancel_replacing'])), name='call_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='vendorcall',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'sending', 'unknown', 'needs_review', 'confirmed', 'rejected', 'cancelled', 'abandoned'])), name='call_state_known'),
        ),
        migrations.AddConstraint(
            model_name='vendorcall',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lease__isnull', False), ('state', 'sending')), models.Q(models.Q(('state', 'sending'), _negated=True), ('lease__isnull', True)), _connector='OR'), name='call_leased_while_sending'),
        ),
        migrations.AddConstraint(
            model_name='vendorcall',
            constraint=models.UniqueConstraint(condition=models.Q(('device__isnull', False), ('kind__in', ('unlink', 'delete', 'detach')), ('state__in', ('queued', 'sending', 'unknown', 'needs_review'))), fields=('device', 'kind'), name='call_one_open_per_device'),
        ),
        migrations.AddConstraint(
            model_name='vendorcall',
            constraint=models.UniqueConstraint(condition=models.Q(('kind__in', ('create_patient', 'update_patient')), ('state', 'queued')), fields=('patient',), name='call_one_waiting_per_record'),
        ),
        migrations.AddIndex(
            model_name='webhookselftest',
            index=models.Index(fields=['kind', '-id'], name='self_test_by_kind'),
        ),
        migrations.AddConstraint(
            model_name='webhookselftest',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['check', 'repair', 'measurement', 'fulfillment', 'pin_check', 'unpin'])), name='self_test_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='webhookselftest',
            constraint=models.UniqueConstraint(condition=models.Q(('finished_at__isnull', True)), fields=('kind', 'device'), name='self_test_one_open_per_kind', nulls_distinct=False),
        ),
    ]
