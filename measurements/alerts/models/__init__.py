from .backtest_run import BacktestRun, BacktestState
from .episode import AlertEpisode
from .episode_note import EpisodeNote
from .notification import AlertMessage, AlertMessageItem, AlertNotification
from .notification_settings import NotificationSettings
from .pause import ExpectedReadings, MeasuringPause
from .preset import PresetChange
from .preset_confirmation import PresetConfirmation
from .review import PatientReview
from .rule_change import AlertRuleChange
from .shared_filter import SharedTriageFilter
from .step import AlertStep

__all__ = [
    "AlertEpisode",
    "AlertMessage",
    "AlertMessageItem",
    "AlertNotification",
    "AlertRuleChange",
    "AlertStep",
    "BacktestRun",
    "BacktestState",
    "EpisodeNote",
    "ExpectedReadings",
    "MeasuringPause",
    "NotificationSettings",
    "PatientReview",
    "PresetChange",
    "PresetConfirmation",
    "SharedTriageFilter",
]
