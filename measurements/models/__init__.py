from .dry_weight import DryWeight
from .exclusion_event import ExclusionEvent
from .latest_reading import LatestReading
from .measurement import Measurement
from .metric import Metric
from .patient_summary import PatientSummary
from .reading_day import ReadingDay
from .reading_note import ReadingNote
from .threshold import Threshold, ThresholdChange
from .triage_entry import TriageEntry

__all__ = [
    "DryWeight",
    "ExclusionEvent",
    "LatestReading",
    "Measurement",
    "Metric",
    "PatientSummary",
    "ReadingDay",
    "ReadingNote",
    "Threshold",
    "ThresholdChange",
    "TriageEntry",
]
