from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower

from patients.validators import validate_plain_text

from .clinic import Clinic


class Role(models.TextChoices):
    CLINICIAN = "clinician", "Clinician"
    COORDINATOR = "coordinator", "Care coordinator"
    ADMINISTRATOR = "administrator", "Administrator"
    NONE = "", "No role (set-up only)"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Without a password the account can't be used until its invitation is accepted."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """One person, one account, one role. A superuser only sets up and belongs to no clinic."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120, validators=[validate_plain_text])
    role = models.CharField(max_length=16, choices=Role, blank=True, default=Role.NONE)
    clinics = models.ManyToManyField(Clinic, related_name="people", blank=True)
    is_staff = models.BooleanField("may open the admin", default=False)
    is_active = models.BooleanField("active", default=True, help_text="Unticking signs the person out at once.")
    keeps_billing = models.BooleanField(
        "keeps billing",
        default=False,
        help_text="Sees billing lines, records the facts that they need, exports. For coordinators and clinicians.",
    )
    preferences = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ("name", "pk")
        verbose_name, verbose_name_plural = "person", "people"
        constraints = (
            models.UniqueConstraint(Lower("email"), name="user_email_once", violation_error_message="E-mail in use."),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known"),
        )

    def __str__(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        """Shown in the admin's header."""
        return str(self)
