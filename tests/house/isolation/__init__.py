"""What one organisation can learn of another: nothing. A crawler that finds every address by itself and asks it for
another organisation's rows, in path, query, body, form and header.

`world` fills two organisations and puts a canary into every text, `routes` finds the addresses, `values` says which
rows a name in an address means, `forms` reads pages as a browser would, `crawler` asks and compares.
"""
