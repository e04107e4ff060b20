from accounts.models.alerts import AccountAlert
from accounts.models.customers import Account, SupportLevel
from accounts.models.people import Contact, ContactRole, Opportunity
from accounts.models.segmentation import Decision, SegmentationRules

__all__ = [
    "Account",
    "AccountAlert",
    "Contact",
    "ContactRole",
    "Decision",
    "Opportunity",
    "SegmentationRules",
    "SupportLevel",
]
