from .episode import AlertEpisode
from .pause import MeasuringPause
from .preset import PresetChange
from .review import PatientReview
from .rule_change import AlertRuleChange
from .step import AlertStep

__all__ = [
    "AlertEpisode",
    "AlertRuleChange",
    "AlertStep",
    "MeasuringPause",
    "PatientReview",
    "PresetChange",
]
