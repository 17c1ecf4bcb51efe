"""What keeps a laptop's processes running. Nothing here imports Django.

``manage.py up`` prepares the database with Django, writes a ``Plan`` and turns
into ``python -m musicmatch.supervisor``, which stays small for as long as the
site runs. ``preparation`` is the one module on Django's side of that step.
"""
