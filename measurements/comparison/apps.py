from patients import app_config


class ComparisonConfig(app_config.ProjectAppConfig):
    name = "measurements.comparison"
    verbose_name = "Comparison"
    page_labels = {
        "comparison:page": "patient, two ranges compared",
        "comparison:goal_change": "patient, compared before and after a change of a goal",
        "comparison:note": "patient, compared before and after a note",
        "comparison:choose": "patient, ranges to compare",
    }
