import django.db.models.deletion
import django.utils.timezone
import patients.models.patient
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('care', '0001_initial'),
        ('devices', '0001_initial'),
        ('fulfillment', '0001_initial'),
        ('patients', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='WorklistItem',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=32)),
                ('subject', models.CharField(help_text='what it is about, such as device:12; unique in its kind', max_length=120)),
                ('name', models.CharField(blank=True, max_length=255, verbose_name='device')),
                ('rank', models.PositiveSmallIntegerField(help_text='of its kind; the most urgent first')),
                ('facts', models.JSONField(blank=True, default=dict)),
                ('fingerprint', models.CharField(help_text='of the facts; a dismissed exception returns if it changes', max_length=64)),
                ('since', models.DateTimeField()),
                ('opened_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('snoozed_until', models.DateTimeField(blank=True, null=True)),
                ('snooze_note', models.CharField(blank=True, max_length=200)),
                ('dismissed_at', models.DateTimeField(blank=True, null=True)),
                ('dismissal_reason', models.CharField(blank=True, max_length=200)),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='solved')),
                ('solution', models.CharField(blank=True, max_length=200, verbose_name='solved by')),
                ('live_version', models.BigIntegerField(default=patients.models.patient.random_live_version, editable=False)),
                ('call', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='worklist_items', to='devices.vendorcall')),
                ('clinic', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='worklist_items', to='patients.clinic')),
                ('device', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='worklist_items', to='devices.device')),
                ('dismissed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('gateway', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='worklist_items', to='devices.gateway')),
                ('line', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='worklist_items', to='fulfillment.orderline')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='worklist_items', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='worklist_items', to='patients.patient')),
            ],
            options={
                'verbose_name': 'exception',
                'verbose_name_plural': 'exceptions',
                'ordering': ('rank', 'since', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='WorklistEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('kind', models.CharField(choices=[('opened', 'Begun'), ('returned', 'Back, because its facts changed'), ('assigned', 'Assigned'), ('snoozed', 'Snoozed'), ('woken', 'Snooze ended'), ('dismissed', 'Dismissed'), ('restored', 'Taken back'), ('solved', 'Solved')], max_length=12)),
                ('text', models.CharField(blank=True, max_length=300)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='worklist.worklistitem')),
            ],
            options={
                'verbose_name': 'entry of an exception',
                'verbose_name_plural': 'entries of exceptions',
                'ordering': ('at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='WorklistNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='item_notes', to='worklist.worklistitem')),
                ('note', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='care.note')),
            ],
            options={
                'verbose_name': 'note on an exception',
                'verbose_name_plural': 'notes on exceptions',
                'ordering': ('pk',),
            },
        ),
        migrations.AddIndex(
            model_name='worklistitem',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['clinic', 'rank', 'since', 'id'], name='worklist_unsolved'),
        ),
        migrations.AddIndex(
            model_name='worklistitem',
            index=models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['patient'], name='worklist_of_patient'),
        ),
        migrations.AddIndex(
            model_name='worklistitem',
            index=models.Index(fields=['clinic', '-closed_at'], name='worklist_by_solution'),
        ),
        migrations.AddIndex(
            model_name='worklistitem',
            index=models.Index(fields=['-opened_at', '-id'], name='worklist_by_time'),
        ),
        migrations.AddConstraint(
            model_name='worklistitem',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True)), fields=('kind', 'subject'), name='worklist_item_once'),
        ),
        migrations.AddConstraint(
            model_name='worklistitem',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at__isnull', True), models.Q(('solution', ''), _negated=True), _connector='OR'), name='worklist_item_solved_by_something'),
        ),
        migrations.AddConstraint(
            model_name='worklistitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('dismissal_reason', ''), ('dismissed_at__isnull', True), ('dismissed_by__isnull', True)), models.Q(('dismissed_at__isnull', False), ('dismissed_by__isnull', False), models.Q(('dismissal_reason', ''), _negated=True)), _connector='OR'), name='worklist_item_dismissed_with_reason'),
        ),
        migrations.AddConstraint(
            model_name='worklistitem',
            constraint=models.CheckConstraint(condition=models.Q(('snoozed_until__isnull', True), models.Q(('snooze_note', ''), _negated=True), _connector='OR'), name='worklist_item_snoozed_with_note'),
        ),
        migrations.AddConstraint(
            model_name='worklistitem',
            constraint=models.CheckConstraint(condition=models.Q(('patient__isnull', True), ('clinic__isnull', False), _connector='OR'), name='worklist_item_patient_of_clinic'),
        ),
        migrations.AddConstraint(
            model_name='worklistevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['opened', 'returned', 'assigned', 'snoozed', 'woken', 'dismissed', 'restored', 'solved'])), name='worklist_event_kind_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='worklistevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='32a68c5477fec2a74bba1de29b40742c900978de', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_39376', table='worklist_worklistevent', when='BEFORE')),
        ),
    ]
