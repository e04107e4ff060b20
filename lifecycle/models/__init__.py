from lifecycle.models.configuration import Lifecycle, Stage, StageMove
from lifecycle.models.standing import AccountLifecycle, StageInterval, StageKeyField, arrival
from lifecycle.models.ways import MoveRefused, Way

__all__ = [
    "AccountLifecycle",
    "Lifecycle",
    "MoveRefused",
    "Stage",
    "StageInterval",
    "StageKeyField",
    "StageMove",
    "Way",
    "arrival",
]
