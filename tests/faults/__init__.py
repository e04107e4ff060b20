"""What the product promises when things break, tried with real processes; `make faults` runs all of it.

A box (box.py) starts PostgreSQL, Valkey, web, worker, dispatcher, two beats, the sandbox org and the mail server as
child processes in a folder of its own, with a small TCP proxy (proxy.py) in front of PostgreSQL, Valkey and the mail
server. A history (histories.py) gives a fresh organisation work to do (work.py, clients.py), lets the faults of
kinds.py happen to it in an order that the seed decides, waits until it is quiet, and counts (evidence.py) at the
outside: the mail server's envelopes, the org's records, the ledger. judge.py says what is wrong with the counts.

    python -m tests.faults                                   all parts, one after the other; writes docs/faults.md
    python -m tests.faults.histories --seed 7 --faults 50    one part, with its own options (--help)

Every part is a module of this package with `main(argv) -> int`. A run that was interrupted goes on where it stopped;
results are kept in .data/faults/. The seed is printed, and with it a run can be repeated.
"""
