from patients import app_config


class TimelineConfig(app_config.ProjectAppConfig):
    name = "measurements.timeline"
    verbose_name = "Timeline"
    page_labels = {
        "timeline:page": "patient, timeline",
        "timeline:print": "patient, timeline to print",
        "timeline:new_episode_note": "alert, new note or contact",
        "timeline:show_day": "patient, a day of the timeline in charts",
    }
