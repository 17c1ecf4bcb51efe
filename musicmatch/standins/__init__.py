"""Pretend music services over real HTTP, for development and tests only.

Each service is a package with a ``Standin`` of its own, on its own loopback port.
``python -m musicmatch.standins`` serves all of them but Spotify on one.
"""
