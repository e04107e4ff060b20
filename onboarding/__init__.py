"""Getting them live: so far the hand-off from the people who sold to the people who look after the customer.

A hand-off opens by itself when a new-business deal of a managed account comes near its close, is prepared while the
deal is open (named advisor, document, knowledge-transfer meeting), gets its checklist when the deal is won and is over
when every item of it is done. The lead times are the tenant's, its texts are versions of the tenant's templates. Verbs:
follow (the one look that brings every hand-off to where its deal is), assign the engineer, answer whether a cloud
instance is needed, write and finish the document, plan, hold and call off the meeting, skip an item. Facts: hand-offs
opened, handed over; meetings planned; documents finished.
"""
