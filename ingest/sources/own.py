"""Doors behind which no service stands."""

from ingest.sources.base import Door, Way, Words

MANUAL = Door(
    key="manual",
    label="Picked by hand",
    way=Way.PICK,
    words=Words(
        off=(
            "Name at least five artists, the closest first. It is a thin start,"
            " and enough to be compared."
        ),
        connected="The artists you named yourself. Change them any time.",
    ),
    lists=("artists",),
)
EXPORT = Door(
    key="export",
    label="Spotify data export",
    way=Way.UPLOAD,
    words=Words(
        off=(
            "Spotify gives everyone a copy of their own listening history. Upload it"
            " here: it goes back years and needs nobody’s permission but yours."
        ),
        connected="Read from the files you uploaded. Upload newer ones any time.",
        nothing_yet="There was no music in these files that counts as listened to.",
    ),
    timeliness=4,
)
DEMO = Door(
    key="demo",
    label="Demonstration listening",
    way=Way.NONE,
    words=Words(connected="Made up, like the person it belongs to."),
)
COMMUNITY = Door(
    key="community",
    label="Loaded community",
    way=Way.NONE,
    words=Words(connected="Came with the community this site was loaded from."),
)
