import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('files', '0001_initial'),
        ('patients', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PatientImport',
            fields=[
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('lease', models.UUIDField(blank=True, null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('file_name', models.CharField(max_length=255)),
                ('state', models.CharField(choices=[('columns', 'Columns to confirm'), ('checking', 'Checking'), ('checked', 'Checked'), ('importing', 'Importing'), ('finished', 'Finished'), ('stopped', 'Stopped'), ('undone', 'Undone')], default='columns', max_length=12)),
                ('headings', models.JSONField(default=list)),
                ('notes', models.JSONField(blank=True, default=list)),
                ('mapping', models.JSONField(blank=True, default=dict, help_text='Index of the column, by field.')),
                ('answers', models.JSONField(blank=True, default=dict)),
                ('questions', models.JSONField(blank=True, default=list)),
                ('total_rows', models.PositiveIntegerField(default=0, verbose_name='rows')),
                ('run', models.PositiveIntegerField(default=0)),
                ('dry_run', models.BooleanField(default=True)),
                ('problem', models.CharField(blank=True, max_length=200)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('purged_at', models.DateTimeField(blank=True, null=True)),
                ('by', models.ForeignKey(blank=True, help_text='Enrols the patients; empty for the command line.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='patient_imports', to=settings.AUTH_USER_MODEL)),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='patient_imports', to='patients.clinic')),
                ('stored_file', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='files.storedfile')),
            ],
            options={
                'verbose_name': 'import of patients',
                'verbose_name_plural': 'imports of patients',
                'ordering': ('-created_at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='ImportRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='row in the file')),
                ('cells', models.JSONField(default=list)),
                ('kinds', models.JSONField(blank=True, default=dict)),
                ('state', models.CharField(choices=[('waiting', 'Not checked yet'), ('ready', 'Can be enrolled'), ('problem', 'Has a problem'), ('duplicate', 'Is a patient already'), ('enrolled', 'Enrolled'), ('undone', 'Undone')], default='waiting', max_length=10)),
                ('run', models.PositiveIntegerField(default=0)),
                ('problems', models.JSONField(blank=True, default=list)),
                ('notes', models.JSONField(blank=True, default=list)),
                ('identity', models.JSONField(blank=True, default=dict)),
                ('another_person', models.BooleanField(default=False)),
                ('known_patient', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='patients.patient')),
                ('patient', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='patients.patient')),
                ('patient_import', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='imports.patientimport')),
            ],
            options={
                'verbose_name': 'row of an import',
                'verbose_name_plural': 'rows of imports',
                'ordering': ('patient_import', 'number'),
            },
        ),
        migrations.AddIndex(
            model_name='patientimport',
            index=models.Index(fields=['clinic', '-created_at', 'id'], name='patient_import_list'),
        ),
        migrations.AddIndex(
            model_name='patientimport',
            index=models.Index(condition=models.Q(('state__in', ('checking', 'importing'))), fields=['next_attempt_at'], name='patient_import_due'),
        ),
        migrations.AddConstraint(
            model_name='patientimport',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['columns', 'checking', 'checked', 'importing', 'finished', 'stopped', 'undone'])), name='patient_import_state_known'),
        ),
        migrations.AddIndex(
            model_name='importrow',
            index=models.Index(fields=['patient_import', 'state', 'number'], name='import_row_by_state'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.UniqueConstraint(fields=('patient_import', 'number'), name='import_row_once'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'ready', 'problem', 'duplicate', 'enrolled', 'undone'])), name='import_row_state_known'),
        ),
    ]
