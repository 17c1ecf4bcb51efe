class BackupError(Exception):
    """It cannot be done; the message is a sentence for the host."""
