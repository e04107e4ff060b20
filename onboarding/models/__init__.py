from onboarding.models.configuration import HandoffSettings, HandoffTemplate
from onboarding.models.handoffs import Handoff
from onboarding.models.papers import HandoffDocument, HandoffMeeting

__all__ = ["Handoff", "HandoffDocument", "HandoffMeeting", "HandoffSettings", "HandoffTemplate"]
