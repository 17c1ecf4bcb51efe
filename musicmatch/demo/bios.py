"""Short things demo people say about themselves."""

from random import Random
from typing import Final


def invent_bio(rng: Random, *, artist: str, genre: str) -> str:
    """Return one or two sentences, or nothing for the people who left it empty.

    ``artist`` and ``genre`` come from the person's own listening; when there is none
    both are empty and only sentences that name neither are used.
    """
    shape = rng.random()
    if shape < 0.15:
        return ""
    if artist and shape < 0.45:
        bio = rng.choice(_ABOUT_TASTE).format(artist=artist, genre=genre)
        return bio[0].upper() + bio[1:]
    life, habit = rng.choice(_LIVES), rng.choice(_HABITS)
    if shape < 0.65:
        return life
    return habit if shape < 0.85 else f"{life} {habit}"


_ABOUT_TASTE: Final = (
    "Came for {genre}, stayed for everything next door to it.",
    "I can talk about {artist} for an hour. You have been told.",
    "{artist} on the way to work, silence on the way back.",
    "Mostly {genre}, with weak moments.",
    "My cat leaves the room when {artist} comes on.",
    "Still looking for someone who also wore out their {artist} records.",
    "I learned the bass to play along with {artist}. It went all right.",
    "{genre} before noon, anything after.",
    "Ask me where to start with {genre}.",
    "My sister played me {artist} once and that was that.",
    "Two shelves of {genre} and no room for a sofa.",
    "Heard {artist} in a launderette once and stood there until it was over.",
    "I keep a list of {genre} records I have not heard yet. It grows.",
    "I would sit in the very last row for {artist}.",
    "Trying to like {genre} less. Not working.",
    "{artist} got me through a long winter.",
    "My neighbours know {artist} quite well by now.",
    "I run to {genre}, slowly.",
    "Started with {artist}, got lost on purpose.",
    "Tell me your favourite {artist} track and I will tell you mine.",
    "I proofread for a living and listen to {genre} so I do not sing along.",
    "There is always one more {genre} record.",
    "I once missed my stop because of {artist}.",
    "Happy to be told I am wrong about {artist}.",
    "My father thinks {genre} is a phase. It has been nineteen years.",
    "I make soup to {artist}.",
)
_LIVES: Final = (
    "I repair bicycles and play records while I do it.",
    "Night shifts, long playlists.",
    "I teach maths and hum without noticing.",
    "Learning the accordion. Sorry to the floor below.",
    "I drive a tram. The music starts when I get home.",
    "Choir on Tuesdays.",
    "Gardener. Loud in the greenhouse.",
    "New in town, old record collection.",
    "I used to run a small radio show for eleven listeners.",
    "I bake at four in the morning and need company.",
    "I translate manuals and need music without words.",
    "Drummer in a band that has never agreed on a name.",
    "Three children, four genres, one speaker.",
    "Librarian, off duty. Quiet hours are over.",
    "Making a mixtape for my grandmother. She has opinions.",
    "Retired postman. Finally time for the B-sides.",
    "I map old mills and listen to old songs.",
    "Sound technician. Please do not ask me to fix yours.",
    "Studying for exams since what feels like 2009.",
    "I collect field recordings of ferries.",
    "I knit and count bars.",
    "I moved house seven times and the records came along each time.",
    "Nurse. The drive home is my concert hall.",
    "I write short letters about long songs.",
    "I tune pianos. Silence is my hobby.",
    "I keep the radio on for the dog.",
    "Beekeeper, amateur organist.",
    "I finish crosswords before the record ends, on good days.",
)
_HABITS: Final = (
    "Second-hand shops on Saturdays.",
    "Headphones held together with tape.",
    "Albums from start to finish, in order.",
    "Mostly here to find things I would never have looked for.",
    "I write down every concert I go to. 214 so far.",
    "I like songs with long endings.",
    "Looking for people to swap one record a week with.",
    "I play the same three things for a month, then move on.",
    "Always late, always with headphones.",
    "Not an expert, only curious.",
    "Give me a chorus and a rainy window.",
    "Vinyl, tapes, a broken minidisc player.",
    "I read liner notes on the bus.",
    "I like voices that sound a little tired.",
    "I listen to whatever the taxi driver is playing and ask what it is.",
    "Small rooms, small bands.",
    "I only skip when it is really needed.",
    "One good song is enough for a whole day.",
    "My list is a mess and I like it that way.",
    "Tell me what to hear next.",
    "Slow mornings, fast evenings.",
    "I dance badly and often.",
    "The older I get, the louder it gets.",
    "Curious about music in languages I do not speak.",
    "There was a summer with only one cassette, and I still know it by heart.",
    "Happy to go to a concert with someone who does not talk through it.",
)
