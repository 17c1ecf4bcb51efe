"""Every number the score depends on, named once.

The weights were tuned on one half of HetRec 2011 Last.fm-2K (1,892 people, 50 ranked
artists each, who is connected with whom) and judged on the other half.
"""

FORMAT_VERSION = 4
# Of the formula: a receipt made under another version may read differently.
SCORE_VERSION = 2

AUDIO_DIMENSIONS = (
    "tempo",
    "energy",
    "valence",
    "danceability",
    "acousticness",
    "loudness",
)

# Taste
RANGE_SHARES = {"long_term": 0.6, "medium_term": 0.3, "short_term": 0.1}
MOST_ARTISTS = 150
MOST_GENRES = 30
HEAVIEST = 250

# Score
RARITY_EXPONENT = 0.3
RARITY_PEOPLE = 50
RELATED_SHARE = 0.10
GENRE_SHARE = 0.03
AUDIO_SHARE = 0.02
HALF_SCORE_AT = 1.5

# What a shared artist or genre is worth is kept in whole steps of 1/1024. Weights are
# whole too, so a sum over any number of shared ids is exact in float64, whatever the
# order of adding: a scan, a receipt and both directions agree to the last bit.
WORTH_STEPS = 1024

# Directions (artist vectors, audio) are kept in whole steps of 1/127, so that their
# products are exact too. Both go into one product: the share of the vectors has to be
# a whole multiple of the share of audio.
STEPS = 127
DIRECTION_UNIT = AUDIO_SHARE / STEPS**2
RELATED_UNIT = RELATED_SHARE / STEPS**2
RELATED_MULTIPLE = round(RELATED_SHARE / AUDIO_SHARE)

# Artist vectors
DIMENSIONS = 48
# With audio: all the numbers of a person.
DIRECTIONS = DIMENSIONS + len(AUDIO_DIMENSIONS)
# The first directions say most: they bound the rest.
HEAD_DIMENSIONS = 8
SPARE_DIMENSIONS = 16
POWER_ITERATIONS = 6
FEWEST_FIT_ROWS = 200
MOST_FIT_ROWS = 50_000

# Local scaling
SAMPLE_PEOPLE = 1_000
CLOSEST_SHARE = 0.05
FEWEST_CLOSEST = 3
LOWEST_REACH = 0.25
REACH_PRIOR_PEOPLE = 50
SMALL_COMMUNITY = 30

# Median reach of the 1,892 people of HetRec 2011 Last.fm-2K, each with one long_term
# list of 50 ranked artists, their genres and no audio:
# build_index(people, watermark=0, built_at=now).statistics.content.median_reach
TYPICAL_REACH = 0.1176

# The index
MOST_IN_SEGMENT = 65_536
# People for whom one bound is kept.
BLOCK = 64
# Up to here the exact similarity of everyone costs less than finding out who needs it.
SCAN_ALL_UP_TO = 32_768

# Segments measured side by side; each holds a table of everyone in it × the sample.
MOST_THREADS = 4

DEFAULT_SEED = 7
