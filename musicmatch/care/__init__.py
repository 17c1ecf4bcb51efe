"""What a host does to keep a site well: keys, backups, what is kept how long, a doctor.

Empty on purpose: each command imports only its own part.
"""
