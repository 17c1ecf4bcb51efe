"""How long things are kept, named once: tasks delete by it, the privacy page says it.

What is not here stays until its person, or a moderator, takes it away.
"""

from datetime import timedelta

# Of every source: single plays, a little longer than the 53 weeks that a history
# shows. Months of an uploaded export are folded and stay.
LISTENS = timedelta(days=400)
# What the Spotify API gave, when it could not be read anew for so long: its terms want
# what is shown to be fresh, and nothing kept without end.
SPOTIFY_UNREFRESHED = timedelta(days=90)
# Imports that have ended, with what was said of each.
IMPORT_RUNS = timedelta(days=30)
# That a mail was sent; tasks that could send it twice are over within the hour.
MAILS = timedelta(days=30)
# What the admin site noted of its own users; the moderators' log is another, and stays.
ADMIN_LOG = timedelta(days=365)
# Invitations that are over, with the note for whom each was.
INVITATIONS = timedelta(days=30)
# Figures about the whole community, and what was done to keep the site.
FIGURES = timedelta(days=400)
