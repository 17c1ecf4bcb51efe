"""Everything a host might wonder about, asked at once: a line each, and what to do.

Whether the site can answer at all is asked by :mod:`musicmatch.health`, which has to be
quick; here a few seconds more may pass, and there is advice.
"""
