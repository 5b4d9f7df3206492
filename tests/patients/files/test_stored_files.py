import datetime as dt
import os

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from patients.files import stored_files
from patients.files.models import PART_BYTES, StoredFile, StoredFilePart
from patients.files.upload_handler import MAX_HELD_BYTES, MemoryUploadHandler
from tests.factories import StoredFilePartFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(elm, cora):
    content = os.urandom(2 * PART_BYTES + 7)
    how = {"name": "a" * 300 + ".csv", "content_type": "text/csv", "content": content}
    return stored_files.store_file(clinic=elm, owner=cora, **how), content


def test_store_file_splits_content_into_parts_and_reads_it_again(stored):
    file, content = stored

    assert stored_files.read_file(file) == content
    assert [len(part.body) for part in file.parts.all()] == [PART_BYTES, PART_BYTES, 7]
    assert (file.size, len(file.name), file.name[-4:]) == (len(content), 255, ".csv")


def test_read_file_refuses_parts_that_are_not_what_was_stored(stored):
    file, _ = stored
    StoredFilePart.objects.filter(stored_file=file, number=2).update(body=b"another")

    with pytest.raises(ValueError, match="digest"):
        stored_files.read_file(file)


def test_stored_file_part_larger_than_1_mib_is_refused_by_the_database():
    with pytest.raises(IntegrityError), transaction.atomic():
        StoredFilePartFactory(body=b"x" * (PART_BYTES + 1))


def test_purge_expired_files_deletes_those_that_are_over_only(stored, elm):
    file, _ = stored
    stored_files.store_file(
        clinic=elm, owner=None, name="b", content_type="text/csv", content=b"b", lifetime=dt.timedelta(days=-1)
    )

    assert stored_files.purge_expired_files() == 1
    assert list(StoredFile.objects.all()) == [file]
    StoredFile.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    stored_files.purge_expired_files()
    assert StoredFilePart.objects.count() == 0


def test_upload_is_held_in_memory_up_to_the_limit_of_a_request(rf):
    def upload(**files):
        request = rf.post("/", {name: SimpleUploadedFile(name, content) for name, content in files.items()})
        return {name: (file.size, len(file.read())) for name, file in request.FILES.items()}

    assert upload(a=b"abc") == {"a": (3, 3)}
    half = MAX_HELD_BYTES // 2 + 1
    sizes = upload(a=b"a" * half, b=b"b" * half)
    assert [size for size, _ in sizes.values()] == [half, half]
    assert sum(held for _, held in sizes.values()) <= MAX_HELD_BYTES
    assert [type(handler) for handler in rf.post("/").upload_handlers] == [MemoryUploadHandler]
