"""What a contact would get: the text of a template with the values of a real contact, or of the example."""

from accounts.models import Contact
from campaigns.content import FIELDS, Rendered, Values, compile_template
from campaigns.mail.batch import people_of, sender_of, values_of
from campaigns.selectors.series import this_tenant


def preview(subject: str, body: str, *, contact: Contact | None = None) -> Rendered:
    """Refused (BadTemplate) if the text can not be used."""
    return compile_template(subject, body).render(values_for(contact))


def values_for(contact: Contact | None) -> Values:
    sender = sender_of(this_tenant())
    if contact is not None:
        return values_of(people_of([contact.pk])[contact.pk], sender)
    own = {"tenant.name": sender.organisation, "sender.name": sender.name, "sender.email": sender.address}
    return {**FIELDS, **own}
