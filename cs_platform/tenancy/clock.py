"""The one clock. Doors (views, API, tasks, commands) read it; verbs receive `now`."""

import os
from datetime import UTC, datetime
from pathlib import Path


def now() -> datetime:
    """The current instant, aware, in UTC. With CS_ENV=test it is what CS_CLOCK_FILE says, read at each call."""
    path = os.environ.get("CS_CLOCK_FILE") if os.environ.get("CS_ENV") == "test" else None
    if path:
        instant = datetime.fromisoformat(Path(path).read_text().strip())
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    return datetime.now(UTC)
