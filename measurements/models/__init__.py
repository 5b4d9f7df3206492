from .latest_reading import LatestReading
from .measurement import Measurement
from .metric import Metric
from .patient_summary import Overview
from .threshold import Threshold, ThresholdChange

__all__ = ["LatestReading", "Measurement", "Metric", "Overview", "Threshold", "ThresholdChange"]
