import django.contrib.postgres.constraints
import django.db.models.deletion
import django.utils.timezone
import patients.care.models.absence
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
    ]
