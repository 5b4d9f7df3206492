"""Stored files and imports of patients."""

import datetime as dt
import hashlib

import factory
from django.utils import timezone

from patients.files.models import StoredFile, StoredFilePart
from patients.imports.models import ImportRow, PatientImport
from tests.factories.patients import ClinicFactory

HEADINGS = ["Last name", "First name", "Date of birth", "MRN", "ZIP"]
MAPPING = {"family_name": 0, "given_name": 1, "birth_date": 2, "mrn": 3, "zip_code": 4}


class StoredFileFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = StoredFile

    clinic = factory.SubFactory(ClinicFactory)
    name = "patients.csv"
    content_type = "text/csv"
    size = 0
    digest = hashlib.sha256(b"").hexdigest()
    expires_at = factory.LazyFunction(lambda: timezone.now() + dt.timedelta(days=30))


class StoredFilePartFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = StoredFilePart

    stored_file = factory.SubFactory(StoredFileFactory)
    number = 0
    body = b""


class PatientImportFactory(factory.django.DjangoModelFactory):
    """With columns matched, before its check."""

    class Meta:
        model = PatientImport

    clinic = factory.SubFactory(ClinicFactory)
    stored_file = factory.SubFactory(StoredFileFactory, clinic=factory.SelfAttribute("..clinic"))
    file_name = "patients.csv"
    headings = HEADINGS
    mapping = MAPPING


class ImportRowFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ImportRow

    patient_import = factory.SubFactory(PatientImportFactory)
    number = factory.Sequence(lambda n: n + 2)
    cells = factory.LazyAttribute(lambda row: ["Delgado", "Rosa", "1951-04-09", f"M-{row.number}", "03301"])
