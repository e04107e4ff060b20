"""Texts: each save that changes something is a new version; nothing that was ever in force is edited."""

from datetime import datetime

from django.db import IntegrityError

from campaigns import content
from campaigns.models import Category, EmailTemplate, TemplateVersion
from cs_platform import ledger


class NameTaken(ledger.Refused):
    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"There is {what} called {name!r} already.", code="name_taken", field="name")


def clean_name(name: str, longest: int = 120) -> str:
    name = " ".join(name.split())
    if not name or len(name) > longest or not name.isprintable():
        raise ledger.Refused(f"A name has 1 to {longest} printable characters.", code="invalid_name", field="name")
    return name


def clean_category(category: str) -> str:
    if category not in Category.values:
        words = f"{category[:40]!r} is not a category. There are: {', '.join(Category.values)}."
        raise ledger.Refused(words, code="unknown_category", field="category")
    return category


def create_template(
    name: str,
    subject: str,
    body: str,
    *,
    category: str = Category.OTHER,
    shipped_key: str | None = None,
    actor: ledger.Actor,
    now: datetime,
) -> EmailTemplate:
    """A text under a name, with its first version. Refused if the name is taken or the text can not be used
    (content.BadTemplate says where)."""
    name, category, (subject, body) = clean_name(name), clean_category(category), _checked(subject, body)
    with ledger.unit():
        template = EmailTemplate(name=name, category=category, shipped_key=shipped_key, created_at=now, updated_at=now)
        try:
            with ledger.unit():
                ledger.create(template, actor=actor, now=now)
        except IntegrityError as error:
            raise _taken(error, name) from None
        _write_version(template, subject, body, actor=actor, now=now)
    return template


def edit_template(
    template: EmailTemplate,
    *,
    name: str | None = None,
    subject: str | None = None,
    body: str | None = None,
    category: str | None = None,
    actor: ledger.Actor,
    now: datetime,
) -> EmailTemplate:
    """Another text is another version, in force for every message that is planned from now on; messages that wait keep
    theirs. Refused like creation."""
    try:
        with ledger.change(template, "edit", actor=actor, now=now) as template:
            old = version_of(template)
            new = _checked(old.subject if subject is None else subject, old.body if body is None else body)
            if name is not None:
                template.name = clean_name(name)
            if category is not None:
                template.category = clean_category(category)
            if new != (old.subject, old.body):
                template.number += 1
                _write_version(template, *new, actor=actor, now=now)
    except IntegrityError as error:
        raise _taken(error, name or "") from None
    return template


def version_of(template: EmailTemplate, number: int | None = None) -> TemplateVersion:
    return TemplateVersion.objects.get(template=template, number=number or template.number)


def _checked(subject: str, body: str) -> tuple[str, str]:
    subject, body = subject.strip(), body.replace("\r\n", "\n").replace("\r", "\n").strip()
    content.compile_template(subject, body)
    return subject, body


def _write_version(template: EmailTemplate, subject: str, body: str, *, actor: ledger.Actor, now: datetime) -> None:
    version = TemplateVersion(
        template=template, number=template.number, subject=subject, body=body, author=actor.words, created_at=now
    )
    ledger.create(version, actor=actor, now=now)


def _taken(error: IntegrityError, name: str) -> Exception:
    return NameTaken(name, "a template") if "template_name_once" in str(error) else error
