"""What a person reads when an import waits, ends early, or finds nothing."""

RATE = "Spotify asked this site to slow down."
QUOTA = "Spotify’s allowance for this site is used up for now."
NO_ANSWER = "Spotify did not answer in a way we understand. We try again."
NOT_WRITTEN = "Others are being imported at the same moment. We try again."
GAVE_UP = (
    "Spotify did not answer, several times in a row. Nothing was changed;"
    " we try again by ourselves, or you can start it by hand."
)
BROKE_OFF = (
    "The import broke off several times in a row, through no fault of yours."
    " Nothing was changed; we try again by ourselves, or you can start it by hand."
)
RECONNECT = (
    "Spotify no longer lets us read your listening. Connect it again;"
    " what you have here stays."
)
SCOPE = "Your permission does not cover all we read. Connect Spotify again."
NOT_ALLOWED = "You are not on the list of people this site’s Spotify app may serve."
PART_REFUSED = (
    "Spotify refused a part of what we read, so nothing was changed."
    " We try again by ourselves."
)
APP_REFUSED = (
    "Spotify does not accept this site’s own key. Only your host can mend that."
)
NOTHING_YET = (
    "Spotify knows no top artists of yours yet. It will after a few days of"
    " listening; until then you can pick artists by hand."
)
DISCONNECTED = "You disconnected this source."
