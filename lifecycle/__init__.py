"""Where the customer stands: lifecycles, their stages, and how long an account has been in each.

A lifecycle is a row of stages with the moves that are allowed between them; an account may be in several at once. Moves
go through the ledger, one by one or in sets, and leave an unbroken line of intervals from which every duration is
counted. Verbs: move stage, enter and leave a lifecycle, and those that configure lifecycles and stages. Rules of this
room: an account that becomes managed enters the default lifecycle, a won new-business deal moves it on, archiving
stops its clock and restoring starts it again. Facts: accounts entered a stage; accounts left a lifecycle.
"""
