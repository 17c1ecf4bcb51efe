class SupervisorError(Exception):
    """The site cannot run; the message is a sentence for the person at the terminal."""
