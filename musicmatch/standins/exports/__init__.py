"""Made-up Spotify exports: the ZIPs and files a person would upload, of nobody.

write_exports(folder, Plan(years=10, plays=150_000, until=now, seed=7))
"""

from musicmatch.standins.exports.diary import Plan
from musicmatch.standins.exports.packages import Written, write_exports

__all__ = ["Plan", "Written", "write_exports"]
