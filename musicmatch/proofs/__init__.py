"""What proves the site under load and in trouble: people, faults, figures.

None of it runs while the site is served. The site under proof is that of
``musicmatch.stack``: the commands of the Procfile with the variables of a host.
"""
