"""Every merge field there is, with an example for the page where texts are written."""

FIELDS: dict[str, str] = {
    "account.name": "Analytical Engines",
    "account.segment": "Enterprise",
    "account.service_model": "Enterprise TA team",
    "account.support_level": "Named",
    "account.arr": "120,000.00 USD",
    "account.developers": "1,200",
    "account.seats": "800",
    "account.deployment": "cloud",
    "account.product_version": "5.4",
    "account.renewal_date": "1 September 2027",
    "account.industry": "Software",
    "account.country": "United Kingdom",
    "deal.name": "Analytical Engines, new business",
    "deal.amount": "120,000.00 USD",
    "deal.stage": "Negotiation",
    "deal.close_date": "12 December 2026",
    "people.customer_engineer": "Cem Aydin",
    "people.technical_advisor": "Sam Rivera",
    "people.account_executive": "Alex Kim",
    "tenant.name": "Acme",
    "contacts.list": "- Ada Lovelace, Head of Engineering, ada@example.com (Champion)",
    "instances.list": "- Production, https://code.example.com, cloud (admins: Ada Lovelace)",
}
#: Fields that stand for several lines, one for each row.
LISTS = frozenset({"contacts.list", "instances.list"})
