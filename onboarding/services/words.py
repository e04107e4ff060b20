"""What the timeline says of each verb."""

from cs_platform import ledger

ledger.sentences(
    {
        "handoff.open": "opened the hand-off",
        "handoff.follow_deal": "let the hand-off follow another deal",
        "handoff.prepare": "began to prepare the hand-off",
        "handoff.close": "opened the checklist of the hand-off: the deal is won",
        "handoff.reopen": "put the hand-off back: the deal is open again",
        "handoff.hand_over": "handed the customer over",
        "handoff.cancel": "cancelled the hand-off",
        "handoff.revive": "took the hand-off up again",
        "handoff.assign_engineer": "named the customer engineer of the hand-off",
        "handoff.name_advisor": "told the technical advisor of the hand-off",
        "handoff.answer_cloud": "answered whether a cloud instance is needed",
        "handoff.flag_roles": "flagged the hand-off: contacts without a role",
        "handoff.skip_item": "left out an item of the hand-off",
        "handoff_document.create": "made the hand-off document from its template",
        "handoff_document.edit": "edited the hand-off document",
        "handoff_document.finish": "finished the hand-off document",
        "handoff_document.take_up": "took the hand-off document up again",
        "handoff_meeting.create": "planned the knowledge-transfer meeting",
        "handoff_meeting.plan": "planned the knowledge-transfer meeting anew",
        "handoff_meeting.hold": "held the knowledge-transfer meeting",
        "handoff_meeting.call_off": "called the knowledge-transfer meeting off",
        "handoff_settings.create": "set the {object}",
        "handoff_settings.edit": "changed the {object}",
        "handoff_template.create": "wrote {object}",
    }
)
