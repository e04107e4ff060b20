"""Nouns of the room. A user is global; memberships, keys and invitations belong to one tenant."""

import hashlib
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from cs_platform.ledger import Actor
from cs_platform.tenancy.models import TenantFK, TenantOwned


def digest(secret: str) -> str:
    """What is stored of a random 256-bit secret. A slow hash would add nothing: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    CS_OPS = "cs_ops", "CS operations"
    TA_LEADER = "ta_leader", "TA leadership"
    TEAM_LEAD = "team_lead", "Team lead"
    CSM = "csm", "Customer success manager"
    SUPPORT = "support", "Support"
    SALES = "sales", "Sales"
    PRESALES_CE = "presales_ce", "Pre-sales CE"
    MARKETING = "marketing", "Marketing"
    FINANCE = "finance", "Finance"
    VIEWER = "viewer", "Viewer"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username or "")


class User(AbstractBaseUser):
    """A person who can sign in, in however many tenants. Comes with the first accepted invitation; a person who
    leaves a tenant loses the membership, not the user."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = (models.UniqueConstraint(Lower("email"), name="user_email_once"),)

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email


class Membership(TenantOwned):
    """A user in a tenant, with roles. Read again on every request, so that a change counts at once."""

    ledger_name = "member"
    ledger_quiet: ClassVar[set[str]] = {"last_seen_at"}

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    roles = ArrayField(models.CharField(max_length=20, choices=Role), default=list)
    is_active = models.BooleanField(default=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "user"], name="membership_once_per_tenant"),)

    def __str__(self) -> str:
        return str(self.user)

    @property
    def actor(self) -> Actor:
        return Actor("member", str(self.pk), str(self), getattr(self, "door", ""))

    @property
    def role_names(self) -> str:
        return ", ".join(Role(role).label for role in self.roles)


class Team(TenantOwned):
    """Members who work together. An archived team keeps its members for the record and is offered nowhere."""

    name = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "name"], name="team_name_once"),
            models.CheckConstraint(condition=~models.Q(name=""), name="team_has_a_name"),
        )

    def __str__(self) -> str:
        return self.name


class TeamMember(TenantOwned):
    """A member of a team, and whether the member leads it."""

    id = models.BigAutoField(primary_key=True)
    team = TenantFK(Team, on_delete=models.CASCADE, related_name="places")
    member = TenantFK(Membership, on_delete=models.CASCADE, related_name="places")
    is_lead = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "team", "member"], name="team_member_once"),)

    def __str__(self) -> str:
        return f"{self.member} in {self.team}"


class ApiKey(TenantOwned):
    """A secret with which a program acts in one tenant, within its scopes. Only its hash is kept; a revoked or
    expired key stays as a row, so that the ledger's words can be traced."""

    ledger_name = "api_key"
    ledger_private: ClassVar[set[str]] = {"digest"}

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, db_index=True)
    digest = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    created_by = TenantFK(Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "prefix"], name="api_key_prefix_once"),)

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> Actor:
        return Actor("api_key", str(self.pk), f"API key {self.name}", getattr(self, "door", "") or "api")

    # What Django and DRF ask of whoever is signed in.
    is_authenticated = True
    is_anonymous = False
    is_active = True

    def works_at(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class Invitation(TenantOwned):
    """An address that may join with these roles, until it expires or is used. The link's token is kept as a hash."""

    ledger_private: ClassVar[set[str]] = {"digest", "email"}

    email = models.EmailField(max_length=254)
    roles = ArrayField(models.CharField(max_length=20, choices=Role), default=list)
    digest = models.CharField(max_length=64, editable=False, db_index=True)
    invited_by = TenantFK(Membership, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "digest"], name="invitation_digest_once"),)

    def __str__(self) -> str:
        return self.email

    def ledger_words(self) -> str:
        return "invitation"

    def open_at(self, now: datetime) -> bool:
        return self.accepted_at is None and self.expires_at > now


class IdempotencyRecord(TenantOwned):
    """The answer that was given to a POST with this Idempotency-Key, kept for a day so that a repetition gets the
    same answer and has no second effect. `status` 0 means that the first one is still at work."""

    id = models.BigAutoField(primary_key=True)
    route = models.CharField(max_length=300)
    key = models.CharField(max_length=255)
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    busy_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "route", "key"], name="idempotency_key_once"),)
        indexes = (models.Index(fields=["tenant", "created_at"], name="idempotency_age"),)

    def __str__(self) -> str:
        return f"{self.route} {self.key}"
