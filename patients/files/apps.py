from patients import app_config


class FilesConfig(app_config.ProjectAppConfig):
    name = "patients.files"
    label = "files"
    verbose_name = "Stored files"
    admin_permissions = {"storedfile": app_config.VIEW_ONLY, "storedfilepart": app_config.VIEW_ONLY}
    field_labels = {"expires_at": "expires", "digest": "SHA-256"}
