"""The items of a hand-off, by name: their order, whose they are, and what they say.

An item is a task of activities whose source is the hand-off. `REQUIRED` ones decide when the hand-off is over; the
others are what follows from it for the advisor and the account executive.
"""

from collections.abc import Mapping

KIND = "onboarding.handoff"
NAME_TA, KNOW, DOCUMENT, MEETING = "name_ta", "know_customer", "document", "meeting"
LICENCE, CLOUD, MAPPING, ROLES = "licence", "cloud", "mapping", "roles"
INTRODUCTION, KICK_OFF = "introduction", "kick_off"
ORDER = (NAME_TA, KNOW, DOCUMENT, MEETING, LICENCE, CLOUD, MAPPING, ROLES, INTRODUCTION, KICK_OFF)
REQUIRED = frozenset({DOCUMENT, MEETING, LICENCE, CLOUD, MAPPING, ROLES})
AFTER_WIN = frozenset({LICENCE, CLOUD, MAPPING, ROLES, INTRODUCTION, KICK_OFF})
OF_ADVISOR = frozenset({KNOW, KICK_OFF})
OF_ENGINEER = frozenset({DOCUMENT, MEETING, LICENCE, CLOUD, MAPPING, ROLES})
NOT_NEEDED = "Not needed: "

TEXTS: Mapping[str, tuple[str, str]] = {
    NAME_TA: (
        "Name the technical advisor of {account}",
        "The deal is expected to close soon and nobody is named who will look after this customer.",
    ),
    KNOW: (
        "Get to know {account} before it is handed over",
        "You will look after this customer. Read the hand-off, and be at the knowledge transfer.",
    ),
    DOCUMENT: (
        "Write the hand-off document of {account}",
        "Goals and value drivers, contract terms, contacts, instances, risks, open items. Finish it on the hand-off.",
    ),
    MEETING: (
        "Plan the knowledge transfer of {account}",
        "With the technical advisor and the account executive, and the implementation engineer if there is one.",
    ),
    LICENCE: ("Create the production licence of {account}", "Issue it, then tell the technical advisor."),
    CLOUD: (
        "Request the cloud production instance of {account}",
        "Only if the customer runs in our cloud. Say on the hand-off whether it is needed.",
    ),
    MAPPING: (
        "Complete the instance-to-admin mapping of {account}",
        "Write down each instance and who looks after it there. At least one instance has an admin.",
    ),
    ROLES: (
        "Tag the contacts of {account} with their roles",
        "Everything we write goes to contacts by role. Done by itself when every known contact has one.",
    ),
    INTRODUCTION: (
        "Introduce the technical advisor to {account}",
        "The standard text stands on the hand-off, ready to be copied.",
    ),
    KICK_OFF: (
        "Start the kick-off with {account}",
        "The production licence is issued. The agenda stands on the hand-off.",
    ),
}
