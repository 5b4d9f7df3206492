"""Default date formats of all pages and the admin."""

from typing import Final

DATE_FORMAT: Final = "M j, Y"
TIME_FORMAT: Final = "g:i A"
DATETIME_FORMAT: Final = "M j, Y, g:i A"
SHORT_DATE_FORMAT: Final = "M j, Y"
SHORT_DATETIME_FORMAT: Final = "M j, Y, g:i A"
