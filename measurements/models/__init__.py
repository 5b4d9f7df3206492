from .dry_weight import DryWeight
from .latest_reading import LatestReading
from .measurement import Measurement
from .metric import Metric
from .patient_summary import PatientSummary
from .reading_day import ReadingDay
from .threshold import Threshold, ThresholdChange

__all__ = [
    "DryWeight",
    "LatestReading",
    "Measurement",
    "Metric",
    "PatientSummary",
    "ReadingDay",
    "Threshold",
    "ThresholdChange",
]
