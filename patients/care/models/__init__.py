from .absence import Absence
from .note import ContactOutcome, ContactWith, Note, NoteKind, NoteVersion
from .note_template import NoteTemplate
from .team import CareTeamMember, EndReason

__all__ = [
    "Absence",
    "CareTeamMember",
    "ContactOutcome",
    "ContactWith",
    "EndReason",
    "Note",
    "NoteKind",
    "NoteTemplate",
    "NoteVersion",
]
