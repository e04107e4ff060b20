"""What every process of the product looks at before it begins: is there a key for every secret?"""

import sys

from django.db import DatabaseError, connections

from cs_platform.tenancy import rotation


def refuse_missing_keys() -> None:
    """Ends the process with one line and code 2 when a master key that is still used was taken away: it could not send,
    sync or let anybody in with a second factor, and would fail one piece of work after the other. A database that does
    not answer yet, or is not migrated, is no reason: the process waits for it as it always does."""
    try:
        rotation.refuse_missing_keys()
    except rotation.StillInUse as refusal:
        print(f"settings: {refusal}", file=sys.stderr)
        raise SystemExit(2) from None
    except DatabaseError:
        return
    finally:
        connections.close_all()
