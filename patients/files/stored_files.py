"""Store, read and purge files in the database, in parts of at most 1 MiB; no file is ever on a machine's disk."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.db import transaction
from django.utils import timezone

from patients.files.models import PART_BYTES, StoredFile, StoredFilePart
from patients.models import Clinic, User

MAX_NAME_LENGTH = 255
DEFAULT_LIFETIME = dt.timedelta(days=30)


@transaction.atomic
def store_file(
    *,
    clinic: Clinic,
    owner: User | None,
    name: str,
    content_type: str,
    content: bytes,
    lifetime: dt.timedelta = DEFAULT_LIFETIME,
) -> StoredFile:
    stored = StoredFile.objects.create(
        clinic=clinic,
        owner=owner,
        name=name[-MAX_NAME_LENGTH:],
        content_type=content_type,
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        expires_at=timezone.now() + lifetime,
    )
    StoredFilePart.objects.bulk_create(
        StoredFilePart(stored_file=stored, number=number, body=content[at : at + PART_BYTES])
        for number, at in enumerate(range(0, len(content), PART_BYTES))
    )
    return stored


def read_file(stored: StoredFile) -> bytes:
    """Raises ValueError if the parts are not what was stored."""
    content = b"".join(bytes(body) for body in stored.parts.order_by("number").values_list("body", flat=True))
    if hashlib.sha256(content).hexdigest() != stored.digest:
        raise ValueError(f"file {stored.pk} doesn't have its digest")
    return content


def purge_expired_files() -> int:
    """Delete what has expired, with its parts. Returns how many files."""
    expired = StoredFile.objects.filter(expires_at__lt=timezone.now())
    return expired.delete()[1].get(StoredFile._meta.label, 0)
