"""What a person reads when an import waits, ends early, or finds nothing.

``{service}`` stands for the name of the source.
"""

RATE = "{service} asked this site to slow down."
QUOTA = "{service}’s allowance for this site is used up for now."
NO_ANSWER = "{service} did not answer in a way we understand. We try again."
NOT_WRITTEN = "Others are being imported at the same moment. We try again."
GAVE_UP = (
    "{service} did not answer, several times in a row. Nothing was changed;"
    " we try again by ourselves, or you can start it by hand."
)
BROKE_OFF = (
    "The import broke off several times in a row, through no fault of yours."
    " Nothing was changed; we try again by ourselves, or you can start it by hand."
)
RECONNECT = (
    "{service} no longer lets us read your listening. Connect it again:"
    " with the same account, what you have here stays; another one takes its place."
)
SCOPE = "Your permission does not cover all we read. Connect {service} again."
NOT_ALLOWED = "You are not on the list of people this site’s {service} app may serve."
PART_REFUSED = (
    "{service} refused a part of what we read, so nothing was changed."
    " We try again by ourselves."
)
APP_REFUSED = (
    "{service} does not accept this site’s own key. Only your host can mend that."
)
NOTHING_YET = (
    "{service} knows no top artists of yours yet. It will after a few days of"
    " listening; until then you can pick artists by hand."
)
DISCONNECTED = "You disconnected this source."
FILES_GONE = (
    "The files you uploaded are no longer there, through no fault of yours. Upload them"
    " again; what you have here stays."
)
