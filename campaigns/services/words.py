"""What the timeline says of each verb."""

from cs_platform import ledger

ledger.sentences(
    {
        "template.create": "created the e-mail template {object}",
        "template.edit": "published a new version of the e-mail template {object}",
        "template_version.create": "wrote {object}",
        "series.create": "created the series {object}",
        "series.edit": "edited the series {object}",
        "series.set_items": "changed the e-mails of the series {object}",
        "series.activate": "activated the series {object}",
        "series.pause": "paused the series {object}",
        "series.resume": "resumed the series {object}",
        "series.archive": "archived the series {object}",
        "series_item.create": "put {object} into a series",
        "enrolment.create": "enrolled {object}",
        "enrolment.restart": "enrolled {object} again",
        "enrolment.refresh": "moved the enrolment of {object}",
        "enrolment.pause": "paused the e-mails to {object}",
        "enrolment.resume": "resumed the e-mails to {object}",
        "enrolment.complete": "sent the last e-mail to {object}",
        "enrolment.stop": "stopped the e-mails to {object}",
        "audience.create": "began to mail the right people of {object}",
        "audience.start": "began to mail the right people of {object} again",
        "audience.end": "no longer enrols people of {object}",
        "run.expand": "began to write the messages of {object}",
        "run.send": "began to send {object}",
        "run.finish": "finished {object}",
        "run.skip": "left out {object}",
        "run.send_late": "sent {object} late, by hand",
        "run.reopen": "went on with {object}",
        "message.send": "sent the e-mail {object}",
        "message.fail": "could not send the e-mail {object}",
        "message.lose": "does not know whether the e-mail {object} arrived",
        "message.resend": "sent the e-mail {object} again, by hand",
        "message.skip": "left out the e-mail {object}",
        "suppression.suppress": "suppressed an address",
        "suppression.release": "released an address",
        "mail_pause.begin": "paused {object}",
        "mail_pause.end": "ended the pause of {object}",
        "sending.create": "set up mail to customers",
        "sending.stop": "stopped all mail to customers",
        "sending.start": "started mail to customers again",
        "sending.adopt": "made this installation the one that sends",
    }
)
CLOCK = ledger.system("mail clock")
