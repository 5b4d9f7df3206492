import django.contrib.postgres.constraints
import django.db.models.deletion
import django.utils.timezone
import patients.care.models.absence
import pgtrigger.compiler
import pgtrigger.migrations
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
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('version_number', models.PositiveIntegerField(default=1)),
                ('due_on', models.DateField(blank=True, null=True, verbose_name='next step due')),
                ('step_done_at', models.DateTimeField(blank=True, null=True, verbose_name='next step done')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='patients.patient')),
                ('step_done_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'note or contact',
                'verbose_name_plural': 'notes and contacts',
                'ordering': ('-created_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='NoteVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(default=1)),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('kind', models.CharField(choices=[('note', 'Note'), ('call', 'Call'), ('message', 'Message'), ('visit', 'Visit')], default='note', max_length=8)),
                ('happened_at', models.DateTimeField(verbose_name='when it was')),
                ('text', models.TextField(blank=True)),
                ('outcome', models.CharField(blank=True, choices=[('reached', 'Reached'), ('left_message', 'Left a message'), ('no_answer', 'No answer'), ('wrong_number', 'Wrong number')], max_length=12)),
                ('contact_with', models.CharField(blank=True, choices=[('patient', 'Patient'), ('caregiver', 'Caregiver'), ('other', 'Another person')], max_length=10, verbose_name='with')),
                ('is_live', models.BooleanField(default=False, verbose_name='live and interactive')),
                ('next_step', models.CharField(blank=True, max_length=200)),
                ('next_step_on', models.DateField(blank=True, null=True, verbose_name='due on')),
                ('note', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='care.note')),
                ('written_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'version of a note or contact',
                'verbose_name_plural': 'versions of notes and contacts',
                'ordering': ('-happened_at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='Absence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_day', models.DateField()),
                ('last_day', models.DateField(help_text='The last day away.')),
                ('planned_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('withdrawn_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='absences', to='patients.clinic')),
                ('cover', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='covered_absences', to=settings.AUTH_USER_MODEL, verbose_name='covered by')),
                ('planned_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='absences', to=settings.AUTH_USER_MODEL, verbose_name='who is away')),
                ('withdrawn_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('first_day', 'pk'),
                'indexes': [models.Index(condition=models.Q(('withdrawn_at__isnull', True)), fields=['clinic', 'last_day'], name='absence_by_last_day')],
                'constraints': [models.CheckConstraint(condition=models.Q(('last_day__gte', models.F('first_day'))), name='absence_ends_after_start'), models.CheckConstraint(condition=models.Q(('cover', models.F('user')), _negated=True), name='absence_cover_is_another'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('withdrawn_at__isnull', True)), expressions=[(patients.care.models.absence.Int8Range('clinic_id', 'clinic_id', models.Value('[]')), '&&'), (patients.care.models.absence.Int8Range('user_id', 'user_id', models.Value('[]')), '&&'), (patients.care.models.absence.DateRange('first_day', 'last_day', models.Value('[]')), '&&')], name='absence_once_a_day')],
            },
        ),
        migrations.CreateModel(
            name='CareTeamMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_responsible', models.BooleanField(default=False, verbose_name='responsible clinician')),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('end_reason', models.CharField(blank=True, choices=[('removed', 'taken off the team'), ('reassigned', 'patient given to another person'), ('left', 'account closed, or another role or clinic')], max_length=12)),
                ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='care_team_members', to='patients.patient')),
                ('started_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='care_team_memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'care team member',
                'ordering': ('-is_responsible', 'started_at', 'pk'),
                'indexes': [models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['user', 'patient'], name='care_team_by_user')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True), ('is_responsible', True)), fields=('patient',), name='care_team_one_responsible'), models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('patient', 'user'), name='care_team_member_once'), models.CheckConstraint(condition=models.Q(models.Q(('end_reason', ''), ('ended_at__isnull', True)), models.Q(('end_reason__in', ['removed', 'reassigned', 'left']), ('ended_at__gte', models.F('started_at'))), _connector='OR'), name='care_team_end_has_reason')],
            },
        ),
        migrations.AddIndex(
            model_name='note',
            index=models.Index(fields=['patient', '-created_at'], name='note_by_patient'),
        ),
        migrations.AddIndex(
            model_name='note',
            index=models.Index(condition=models.Q(('due_on__isnull', False)), fields=['due_on', 'id'], name='note_by_due_day'),
        ),
        migrations.AddConstraint(
            model_name='note',
            constraint=models.CheckConstraint(condition=models.Q(('step_done_at__isnull', True), models.Q(('due_on__isnull', True), ('step_done_by__isnull', False)), _connector='OR'), name='note_step_done_or_due'),
        ),
        migrations.AddIndex(
            model_name='noteversion',
            index=models.Index(condition=models.Q(('is_live', True)), fields=['note', 'happened_at'], name='note_version_live'),
        ),
        migrations.AddConstraint(
            model_name='noteversion',
            constraint=models.UniqueConstraint(fields=('note', 'number'), name='note_version_once'),
        ),
        migrations.AddConstraint(
            model_name='noteversion',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['note', 'call', 'message', 'visit'])), name='note_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='noteversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('contact_with', ''), ('is_live', False), ('kind', 'note'), ('outcome', ''), models.Q(('text', ''), _negated=True)), models.Q(models.Q(('kind', 'note'), _negated=True), ('contact_with__in', ['patient', 'caregiver', 'other']), ('outcome__in', ['reached', 'left_message', 'no_answer', 'wrong_number'])), _connector='OR'), name='note_contact_has_outcome'),
        ),
        migrations.AddConstraint(
            model_name='noteversion',
            constraint=models.CheckConstraint(condition=models.Q(('is_live', False), ('outcome', 'reached'), _connector='OR'), name='note_live_contact_reached'),
        ),
        migrations.AddConstraint(
            model_name='noteversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('next_step', ''), ('next_step_on__isnull', True)), models.Q(models.Q(('next_step', ''), _negated=True), ('next_step_on__isnull', False)), _connector='OR'), name='note_next_step_has_day'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='noteversion',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='be0e535022356aab099873b977f08965ea5c7e97', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_3367f', table='care_noteversion', when='BEFORE')),
        ),
    ]
