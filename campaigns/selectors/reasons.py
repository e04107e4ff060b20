"""Every reason for which a message does not go out, in words that finish the sentence "because …"."""

WORDS = {
    "tenant_suspended": "the organisation is suspended",
    "sending_off": "all mail to customers is switched off",
    "other_installation": "these data belong to another installation, which is the one that sends",
    "late": "its time had passed: more than four hours, or the day was over",
    "account_archived": "the account is archived",
    "contact_inactive": "the contact is not active any more",
    "no_address": "the contact has no e-mail address that can be written to",
    "suppressed": "the address is on the list of suppressed addresses",
    "unsubscribed": "the recipient unsubscribed",
    "series_paused": "the series is paused",
    "series_archived": "the series is archived",
    "enrolment_paused": "the e-mails to this contact are paused",
    "mail_paused": "mail to this customer or contact is paused",
    "pause_dropped": "mail to this customer or contact was paused, and what fell due meanwhile is left out",
    "in_line": "a worker has it in its hands",
    "enrolment_ended": "the contact is not in the series any more",
    "role_lost": "the contact no longer has a role that this series is for",
    "same_address": "another contact with the same address gets it",
    "item_removed": "the e-mail was taken out of the series",
    "by_hand": "somebody left it out",
    "deferred": "the mail server asked to try again later",
    "line_broken": "the line to the mail server broke off",
    "deferred_too_often": "the mail server put it off too often",
    "refused": "the mail server refuses it",
    "worker_died": "the process ended while it was handed over",
    "no_mail": "the text and the sender could not be made into a mail",
    "gone": "it is not there any more",
}


def words(reason: str) -> str:
    return WORDS.get(reason, reason.replace("_", " "))
