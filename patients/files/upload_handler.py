"""Upload handler that holds small uploads in memory and never writes one to disk: they may hold patients' data."""

from __future__ import annotations

import io
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

MAX_HELD_BYTES = 5 * 1024 * 1024  # of all files of a request


class MemoryUploadHandler(FileUploadHandler):
    """Of what is beyond the limit only the size is counted, so that a form can say that the file is too large."""

    held_bytes = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.content = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002 - Django's interface
        if self.held_bytes + len(raw_data) <= MAX_HELD_BYTES:
            self.content.write(raw_data)
            self.held_bytes += len(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        self.content.seek(0)
        return InMemoryUploadedFile(
            self.content,
            self.field_name,
            self.file_name,
            self.content_type,
            file_size,
            self.charset,
            self.content_type_extra,
        )
