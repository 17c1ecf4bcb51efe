"""Every number the score depends on, named once.

The weights were tuned on one half of HetRec 2011 Last.fm-2K (1,892 people, 50 ranked
artists each, who is connected with whom) and judged on the other half.
"""

FORMAT_VERSION = 1

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

# Directions (artist vectors, audio) are kept in whole steps of 1/2048, so that their
# products are whole numbers and every order of adding them gives the same sum.
STEPS = 2048
STEP_PRODUCT = 1.0 / STEPS**2

# Artist vectors
DIMENSIONS = 64
SPARE_DIMENSIONS = 16
POWER_ITERATIONS = 6
FEWEST_FIT_ROWS = 200

# Local scaling
SAMPLE_PEOPLE = 2_000
CLOSEST_SHARE = 0.05
FEWEST_CLOSEST = 3
LOWEST_REACH = 0.25
REACH_PRIOR_PEOPLE = 50
SMALL_COMMUNITY = 30

# Median reach of the 1,892 people of HetRec 2011 Last.fm-2K, each with one long_term
# list of 50 ranked artists, their genres and no audio:
# build_index(people, watermark=0, built_at=now).statistics.median_reach
TYPICAL_REACH = 0.126

# Bytes a step over many rows may hold at once.
MEMORY_BUDGET = 4_000_000
DEFAULT_SEED = 7
