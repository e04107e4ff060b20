"""The second factor of a user: an authenticator app, passkeys, recovery codes (django-allauth), and our part of it.

sealing.py keeps the secrets encrypted, forms.py takes a code only once, rule.py says who needs a factor in which
organisation, resetting.py is the way back for somebody who lost the device, telling.py tells the ledger and the person.
"""
