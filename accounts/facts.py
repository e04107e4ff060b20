"""What this room announces. Ids are text; a list above 5,000 is split by the ledger."""

from dataclasses import dataclass

from cs_platform import ledger


@ledger.fact("accounts.managed")
@dataclass(frozen=True)
class AccountsManaged:
    """Accounts that we look after from now on. `baseline`: they were there at the first reading of another system, so
    nothing is new for the customer."""

    account_ids: list[str]
    baseline: bool = False


@ledger.fact("accounts.changed")
@dataclass(frozen=True)
class AccountsChanged:
    """Each of these accounts changed, in some of these fields."""

    account_ids: list[str]
    fields: list[str]


@ledger.fact("accounts.support_levels_changed")
@dataclass(frozen=True)
class SupportLevelsChanged:
    account_ids: list[str]
    baseline: bool = False


@ledger.fact("accounts.segmented")
@dataclass(frozen=True)
class AccountsSegmented:
    """The segment or the service model of these accounts changed."""

    account_ids: list[str]


@ledger.fact("accounts.archived")
@dataclass(frozen=True)
class AccountsArchived:
    account_ids: list[str]


@ledger.fact("accounts.restored")
@dataclass(frozen=True)
class AccountsRestored:
    account_ids: list[str]


@ledger.fact("accounts.contacts_changed")
@dataclass(frozen=True)
class ContactsChanged:
    """Contacts came, changed or went. An account that a contact left is named too."""

    account_ids: list[str]
    contact_ids: list[str]


@ledger.fact("accounts.instances_changed")
@dataclass(frozen=True)
class InstancesChanged:
    """Instances of these accounts came, changed or went, or other people look after them."""

    account_ids: list[str]


@ledger.fact("accounts.opportunities_changed")
@dataclass(frozen=True)
class OpportunitiesChanged:
    """Deals came or changed: another close date, won, lost, open again, gone. An account that a deal left is named
    too."""

    account_ids: list[str]
    opportunity_ids: list[str]


@ledger.fact("accounts.opportunities_won")
@dataclass(frozen=True)
class OpportunitiesWon:
    """Deals that we now know to be won; one fact for new business, another for the rest."""

    account_ids: list[str]
    opportunity_ids: list[str]
    new_business: bool
    baseline: bool = False


@ledger.fact("accounts.segmentation_published")
@dataclass(frozen=True)
class SegmentationPublished:
    """Another version of the segmentation rules is in force."""

    number: int
