"""The support-level console: who is about to become a customer and how each is to be looked after, in one list of our
accounts and of those that only Salesforce knows yet. `asking` reads the address, `listing` asks the database, `telling`
makes it ready to be printed, `changing` says what a change of many does."""
