"""A community that never rests: writers, builders and askers at once, for minutes.

Each is a process of its own on a database that is thrown away. Askers check every
answer; what must never be is a violation.
"""
