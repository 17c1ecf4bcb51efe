"""One file that holds the database and the keys, and the way back from it.

Not in it: the index, the cache and the queue, which the site makes anew, and uploaded
files that a worker has yet to read, for they are gone within minutes.
"""
