import datetime
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import patients.models.clinic_calendar
import patients.models.monitoring_period
import patients.models.patient
import patients.models.ranges
import patients.validators
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='Clinic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('folded_name', models.CharField(blank=True, editable=False, max_length=480)),
                ('name', models.CharField(max_length=120, validators=[patients.validators.validate_plain_text])),
                ('slug', models.CharField(blank=True, error_messages={'unique': 'Another clinic has this short name.'}, help_text='For commands, such as elm-street. It never changes. Left empty, it is made of the name.', max_length=50, unique=True, validators=[django.core.validators.RegexValidator('^[a-z0-9]+(-[a-z0-9]+)*\\Z', 'Write small letters, digits and single dashes, such as elm-street.')], verbose_name='short name')),
                ('time_zone', models.CharField(default='America/New_York', max_length=64, validators=[patients.validators.validate_time_zone])),
                ('day_weight', models.CharField(choices=[('first', 'the first of the day'), ('median', 'the median of the day')], default='first', help_text='Where a patient was weighed several times on a day. Usual weight and gains are computed from it.', max_length=8, verbose_name="a day's weight")),
                ('phone', models.CharField(blank=True, max_length=20, validators=[patients.validators.validate_phone])),
                ('street', models.CharField(blank=True, max_length=160, validators=[patients.validators.validate_plain_text])),
                ('street_2', models.CharField(blank=True, max_length=80, validators=[patients.validators.validate_plain_text], verbose_name='suite, floor')),
                ('city', models.CharField(blank=True, max_length=80, validators=[patients.validators.validate_plain_text])),
                ('state', models.CharField(blank=True, max_length=2, validators=[patients.validators.validate_state])),
                ('zip_code', models.CharField(blank=True, max_length=10, validators=[patients.validators.validate_zip_code], verbose_name='ZIP code')),
                ('federal_holidays', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('new_year', "New Year's Day"), ('king', 'Birthday of Martin Luther King, Jr.'), ('washington', "Washington's Birthday (Presidents' Day)"), ('memorial', 'Memorial Day'), ('juneteenth', 'Juneteenth'), ('independence', 'Independence Day'), ('labor', 'Labor Day'), ('columbus', "Columbus Day (Indigenous Peoples' Day)"), ('veterans', 'Veterans Day'), ('thanksgiving', 'Thanksgiving Day'), ('christmas', 'Christmas Day')], max_length=16), blank=True, default=list, size=None, verbose_name='closed on these US federal holidays')),
                ('on_call_phone', models.CharField(blank=True, max_length=20, validators=[patients.validators.validate_phone], verbose_name='phone of the person on call')),
                ('sends_email', models.BooleanField(default=False, help_text="With a patient's next order or change. Else the vendor learns name, address and phone only.", verbose_name="patients' e-mail addresses go to the vendor")),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='ClinicChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('field', models.CharField(max_length=60, verbose_name='changed')),
                ('before', models.TextField(blank=True)),
                ('after', models.TextField(blank=True)),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'change of a clinic',
                'verbose_name_plural': 'changes of clinics',
                'ordering': ('-pk',),
            },
        ),
        migrations.CreateModel(
            name='ClinicClosedDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('name', models.CharField(max_length=80, validators=[patients.validators.validate_plain_text], verbose_name='why')),
            ],
            options={
                'verbose_name': 'closed day',
                'verbose_name_plural': 'other closed days',
                'ordering': ('day',),
            },
        ),
        migrations.CreateModel(
            name='ClinicHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')])),
                ('opens_at', models.TimeField(validators=[patients.models.clinic_calendar.validate_whole_minutes], verbose_name='opens')),
                ('closes_at', models.TimeField(validators=[patients.models.clinic_calendar.validate_whole_minutes], verbose_name='closes')),
            ],
            options={
                'verbose_name': 'working hours',
                'verbose_name_plural': 'working hours',
                'ordering': ('weekday', 'opens_at'),
            },
        ),
        migrations.CreateModel(
            name='MonitoringPeriod',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('end_reason', models.CharField(blank=True, choices=[('completed', 'Programme completed'), ('patient_request', "Patient's wish"), ('moved', 'Moved away'), ('inpatient', 'Admitted to long-term care'), ('died', 'Died'), ('other', 'Other')], max_length=16)),
            ],
            options={
                'ordering': ('patient', 'started_at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='Patient',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('external_id', models.CharField(default=patients.models.patient.generate_external_id, help_text='Sent to Tenovi. Leave as it is, or type the id of an account that exists there.', max_length=255, validators=[patients.validators.validate_plain_text], verbose_name='account id at the vendor')),
                ('external_id_sent_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('given_name', models.CharField(blank=True, max_length=80, validators=[patients.validators.validate_plain_text])),
                ('family_name', models.CharField(max_length=80, validators=[patients.validators.validate_plain_text])),
                ('folded_external_id', models.TextField(blank=True, editable=False)),
                ('folded_name', models.TextField(blank=True, editable=False)),
                ('folded_mrn', models.TextField(blank=True, editable=False)),
                ('sex', models.CharField(choices=[('female', 'Female'), ('male', 'Male'), ('other', 'Other'), ('unknown', 'Not recorded')], default='unknown', max_length=8)),
                ('birth_date', models.DateField(validators=[patients.validators.validate_birth_date])),
                ('mrn', models.CharField(blank=True, max_length=40, validators=[patients.validators.validate_plain_text], verbose_name='MRN')),
                ('phone', models.CharField(blank=True, help_text='E.164: +16035550142.', max_length=20, validators=[patients.validators.validate_phone])),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('sms_consent', models.BooleanField(default=False, help_text="Only with the patient's consent.", verbose_name='may be texted')),
                ('street', models.CharField(blank=True, max_length=160, validators=[patients.validators.validate_plain_text])),
                ('street_2', models.CharField(blank=True, max_length=80, validators=[patients.validators.validate_plain_text], verbose_name='apartment, floor')),
                ('city', models.CharField(blank=True, max_length=80, validators=[patients.validators.validate_plain_text])),
                ('state', models.CharField(blank=True, max_length=2, validators=[patients.validators.validate_state])),
                ('zip_code', models.CharField(blank=True, max_length=10, validators=[patients.validators.validate_zip_code], verbose_name='ZIP code')),
                ('time_zone', models.CharField(max_length=64, validators=[patients.validators.validate_time_zone])),
                ('conditions', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('hypertension', 'Hypertension'), ('heart_failure', 'Heart failure'), ('diabetes', 'Diabetes'), ('copd', 'COPD'), ('ckd', 'Chronic kidney disease'), ('obesity', 'Obesity'), ('pregnancy', 'Pregnancy'), ('post_acute', 'After hospital stay')], max_length=16), blank=True, default=list, size=None)),
                ('enrolled_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('discharged_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('discharge_reason', models.CharField(blank=True, choices=[('completed', 'Programme completed'), ('patient_request', "Patient's wish"), ('moved', 'Moved away'), ('inpatient', 'Admitted to long-term care'), ('died', 'Died'), ('other', 'Other')], editable=False, max_length=16)),
                ('live_version', models.BigIntegerField(default=patients.models.patient.random_live_version, editable=False)),
                ('summary_stale_at', models.DateTimeField(editable=False, null=True)),
                ('edit_version', models.PositiveIntegerField(default=1, editable=False)),
            ],
            options={
                'ordering': ('family_name', 'given_name', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='Practitioner',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('folded_name', models.CharField(blank=True, editable=False, max_length=480)),
                ('name', models.CharField(max_length=120, validators=[patients.validators.validate_plain_text])),
                ('npi', models.CharField(blank=True, help_text='Ten digits.', max_length=10, validators=[patients.validators.validate_npi], verbose_name='NPI')),
            ],
            options={
                'verbose_name': 'provider',
                'verbose_name_plural': 'providers',
                'ordering': ('name', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('email', models.EmailField(max_length=254, unique=True)),
                ('name', models.CharField(max_length=120, validators=[patients.validators.validate_plain_text])),
                ('role', models.CharField(blank=True, choices=[('clinician', 'Clinician'), ('coordinator', 'Care coordinator'), ('administrator', 'Administrator'), ('', 'No role (set-up only)')], default='', max_length=16)),
                ('is_staff', models.BooleanField(default=False, verbose_name='may open the admin')),
                ('is_active', models.BooleanField(default=True, help_text='Unticking signs the person out at once.', verbose_name='active')),
                ('preferences', models.JSONField(blank=True, default=dict, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'person',
                'verbose_name_plural': 'people',
                'ordering': ('name', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('action', models.CharField(choices=[('view', 'opened a patient'), ('list', 'saw a list of patients'), ('search', 'saw what a search found'), ('export', 'exported data'), ('print', 'printed a patient'), ('enroll', 'enrolled a patient'), ('edit', 'edited a patient'), ('import', 'imported patients from a file'), ('undo_import', 'took back an import of patients'), ('discharge', 'discharged a patient'), ('care_team', 'changed care teams'), ('note', 'wrote a note or contact'), ('absence', 'planned or withdrew an absence'), ('order', 'placed an order'), ('activate', 'activated a device'), ('cancel', 'cancelled an ordered device'), ('close', 'closed an ordered device'), ('client_action', 'answered what the vendor asked about an order'), ('end_monitoring', 'ended monitoring'), ('attach_device', 'attached a device to a patient'), ('detach_device', 'detached a device from a patient at the vendor'), ('share_gateway', 'let patients share a gateway'), ('replace', 'replaced hardware of a device'), ('stock', 'corrected the stock'), ('resolve_call', 'decided about a call to the vendor'), ('invite', 'invited a person'), ('account', 'changed an account'), ('sign_in', 'signed in'), ('sign_in_failed', 'failed to sign in'), ('sign_out', 'signed out'), ('mfa_passed', 'passed two-step sign-in'), ('admin_view', 'opened a record in the admin'), ('admin_list', 'saw a list of records in the admin'), ('admin_change', 'changed a record in the admin'), ('sync', 'started a synchronisation'), ('replay', 'replayed deliveries'), ('dismiss', 'dismissed deliveries'), ('exception', 'worked on an exception'), ('exclude', 'excluded a reading'), ('undo_exclusion', 'took back an exclusion'), ('thresholds', 'changed goals'), ('align', 'aligned stored rows with new rules')], max_length=20)),
                ('actor_id', models.BigIntegerField(blank=True, null=True)),
                ('actor_email', models.CharField(blank=True, max_length=254)),
                ('actor_role', models.CharField(blank=True, max_length=16)),
                ('clinic_id', models.BigIntegerField(blank=True, null=True)),
                ('patient_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, size=None)),
                ('target', models.CharField(blank=True, help_text='kind:id of the record, such as order:3f2a…', max_length=80)),
                ('address', models.GenericIPAddressField(blank=True, null=True)),
                ('route', models.CharField(blank=True, help_text='name of the page, not its address', max_length=120)),
                ('details', models.JSONField(blank=True, default=dict)),
            ],
            options={
                'ordering': ('-at', '-pk'),
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['patient_ids'], name='audit_by_patient'), models.Index(fields=['actor_id', '-at'], name='audit_by_actor'), models.Index(fields=['clinic_id', '-at'], name='audit_by_clinic'), models.Index(fields=['action', '-at'], name='audit_by_action'), models.Index(fields=['-at'], name='audit_by_time'), models.Index(condition=models.Q(('target', ''), _negated=True), fields=['target', '-at'], name='audit_by_target')],
                'constraints': [models.CheckConstraint(condition=models.Q(('action__in', ['view', 'list', 'search', 'export', 'print', 'enroll', 'edit', 'import', 'undo_import', 'discharge', 'care_team', 'note', 'absence', 'order', 'activate', 'cancel', 'close', 'client_action', 'end_monitoring', 'attach_device', 'detach_device', 'share_gateway', 'replace', 'stock', 'resolve_call', 'invite', 'account', 'sign_in', 'sign_in_failed', 'sign_out', 'mfa_passed', 'admin_view', 'admin_list', 'admin_change', 'sync', 'replay', 'dismiss', 'exception', 'exclude', 'undo_exclusion', 'thresholds', 'align'])), name='audit_action_known')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='6a24722ca71f00fe49818f06e9414d700aea1bce', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_e7c2b', table='patients_auditevent', when='BEFORE')),
        ),
        migrations.AddField(
            model_name='clinic',
            name='on_call',
            field=models.ForeignKey(blank=True, help_text='Who is called outside the working hours.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person on call'),
        ),
        migrations.AddField(
            model_name='user',
            name='clinics',
            field=models.ManyToManyField(blank=True, related_name='people', to='patients.clinic'),
        ),
        migrations.AddField(
            model_name='clinicchange',
            name='by',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='clinicchange',
            name='clinic',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='patients.clinic'),
        ),
        migrations.AddField(
            model_name='clinicclosedday',
            name='clinic',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='closed_days', to='patients.clinic'),
        ),
        migrations.AddField(
            model_name='clinichours',
            name='clinic',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hours', to='patients.clinic'),
        ),
        migrations.AddField(
            model_name='patient',
            name='clinic',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='patients', to='patients.clinic'),
        ),
        migrations.AddField(
            model_name='monitoringperiod',
            name='patient',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='monitoring_periods', to='patients.patient'),
        ),
        migrations.AddField(
            model_name='practitioner',
            name='clinic',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='practitioners', to='patients.clinic'),
        ),
        migrations.AddField(
            model_name='practitioner',
            name='user',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='practitioner', to=settings.AUTH_USER_MODEL, verbose_name='account'),
        ),
        migrations.AddField(
            model_name='patient',
            name='practitioner',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='patients', to='patients.practitioner', verbose_name='responsible provider'),
        ),
        migrations.AddConstraint(
            model_name='clinic',
            constraint=models.UniqueConstraint(fields=('folded_name',), name='clinic_name_once', violation_error_code='name', violation_error_message='Another clinic has this name.'),
        ),
        migrations.AddConstraint(
            model_name='clinic',
            constraint=models.CheckConstraint(condition=models.Q(('day_weight__in', ['first', 'median'])), name='clinic_day_weight_known'),
        ),
        migrations.AddConstraint(
            model_name='clinic',
            constraint=models.CheckConstraint(condition=models.Q(('federal_holidays__contained_by', ['new_year', 'king', 'washington', 'memorial', 'juneteenth', 'independence', 'labor', 'columbus', 'veterans', 'thanksgiving', 'christmas'])), name='clinic_federal_holidays_known'),
        ),
        migrations.AddConstraint(
            model_name='clinic',
            constraint=models.CheckConstraint(condition=models.Q(('slug__regex', '^[a-z0-9]+(-[a-z0-9]+)*\\Z')), name='clinic_slug_well_formed'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='clinic',
            trigger=pgtrigger.compiler.Trigger(name='slug_fixed', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."slug" IS DISTINCT FROM (NEW."slug"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='9e4feb5f2fd260b9cfe127c9b961d3f69b7d0be8', operation='UPDATE', pgid='pgtrigger_slug_fixed_d52c6', table='patients_clinic', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='user_email_once', violation_error_message='E-mail in use.'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['clinician', 'coordinator', 'administrator', ''])), name='user_role_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='clinicchange',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='ddf1cd0dbbe43c5af364e5e61f0c9f9e4a062bfe', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_fe122', table='patients_clinicchange', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='clinicclosedday',
            constraint=models.UniqueConstraint(fields=('clinic', 'day'), name='clinic_closed_day_once', violation_error_code='day', violation_error_message='This day is in the list already.'),
        ),
        migrations.AddConstraint(
            model_name='clinichours',
            constraint=models.UniqueConstraint(fields=('clinic', 'weekday', 'opens_at'), name='clinic_hours_once', violation_error_message='This weekday has hours that begin at the same time.'),
        ),
        migrations.AddConstraint(
            model_name='clinichours',
            constraint=models.CheckConstraint(condition=models.Q(('closes_at__gt', models.F('opens_at')), ('closes_at', datetime.time(0, 0)), _connector='OR'), name='clinic_hours_forward'),
        ),
        migrations.AddConstraint(
            model_name='clinichours',
            constraint=models.CheckConstraint(condition=models.Q(('weekday__in', [0, 1, 2, 3, 4, 5, 6])), name='clinic_hours_weekday_known'),
        ),
        migrations.AddConstraint(
            model_name='monitoringperiod',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('patient',), name='monitoring_period_one_open'),
        ),
        migrations.AddConstraint(
            model_name='monitoringperiod',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='monitoring_period_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='monitoringperiod',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('end_reason', ''), ('ended_at__isnull', True)), models.Q(('end_reason__in', ['completed', 'patient_request', 'moved', 'inpatient', 'died', 'other']), ('ended_at__isnull', False)), _connector='OR'), name='monitoring_period_end_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='monitoringperiod',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(patients.models.ranges.Int8Range(patients.models.monitoring_period.UuidHash('patient_id'), patients.models.monitoring_period.UuidHash('patient_id'), models.Value('[]')), '&&'), (patients.models.ranges.TstzRange('started_at', 'ended_at', django.contrib.postgres.fields.ranges.RangeBoundary()), '&&')], name='monitoring_period_no_overlap'),
        ),
        migrations.AddConstraint(
            model_name='practitioner',
            constraint=models.UniqueConstraint(fields=('clinic', 'folded_name'), name='practitioner_name_once', violation_error_code='name', violation_error_message='Another provider of this clinic has this name.'),
        ),
        migrations.AddConstraint(
            model_name='practitioner',
            constraint=models.CheckConstraint(condition=models.Q(('folded_name', ''), _negated=True), name='practitioner_name_present'),
        ),
        migrations.AddIndex(
            model_name='patient',
            index=models.Index(fields=['clinic', 'family_name', 'given_name', 'id'], name='patient_link'),
        ),
        migrations.AddIndex(
            model_name='patient',
            index=models.Index(fields=['clinic', 'birth_date'], name='patient_by_birth_date'),
        ),
        migrations.AddIndex(
            model_name='patient',
            index=models.Index(models.F('clinic'), models.Func(models.F('folded_mrn'), models.Value(' -./#:'), models.Value(''), function='translate'), name='patient_by_compact_mrn'),
        ),
        migrations.AddIndex(
            model_name='patient',
            index=models.Index(condition=models.Q(('summary_stale_at__isnull', False)), fields=['summary_stale_at'], name='patient_summary_stale'),
        ),
        migrations.AddIndex(
            model_name='patient',
            index=models.Index(condition=models.Q(('discharged_at__isnull', True)), fields=['clinic', 'practitioner'], name='patient_by_practitioner'),
        ),
        migrations.AddConstraint(
            model_name='patient',
            constraint=models.UniqueConstraint(fields=('folded_external_id',), name='patient_external_id_once', violation_error_code='external_id', violation_error_message='This id is in use.'),
        ),
        migrations.AddConstraint(
            model_name='patient',
            constraint=models.UniqueConstraint(condition=models.Q(('folded_mrn', ''), _negated=True), fields=('clinic', 'folded_mrn'), name='patient_mrn_once', violation_error_code='mrn', violation_error_message='Another patient of this clinic has this MRN.'),
        ),
        migrations.AddConstraint(
            model_name='patient',
            constraint=models.CheckConstraint(condition=models.Q(('birth_date__gte', datetime.date(1900, 1, 1))), name='patient_birth_date_possible'),
        ),
        migrations.AddConstraint(
            model_name='patient',
            constraint=models.CheckConstraint(condition=models.Q(('sex__in', ['female', 'male', 'other', 'unknown'])), name='patient_sex_known'),
        ),
        migrations.AddConstraint(
            model_name='patient',
            constraint=models.CheckConstraint(condition=models.Q(('external_id', ''), _negated=True), name='patient_external_id_present'),
        ),
        migrations.AddConstraint(
            model_name='patient',
            constraint=models.CheckConstraint(condition=models.Q(('discharged_at__isnull', True), ('discharged_at__gte', models.F('enrolled_at')), _connector='OR'), name='patient_discharged_after_enrolled'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='patient',
            trigger=pgtrigger.compiler.Trigger(name='external_id_fixed_once_sent', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.external_id_sent_at IS NOT NULL AND NEW.external_id IS DISTINCT FROM OLD.external_id)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='7c350db244db545ef777117ff3b24054b243d9da', operation='UPDATE', pgid='pgtrigger_external_id_fixed_once_sent_37193', table='patients_patient', when='BEFORE')),
        ),
    ]
