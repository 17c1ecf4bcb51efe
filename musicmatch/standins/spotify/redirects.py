"""Which redirect addresses an app may register, and which a request may use.

HTTPS, or http with a loopback literal; the word ``localhost`` never. A request must
repeat a registered address exactly, except that a loopback literal registered
without a port takes any port.
"""

from urllib.parse import urlsplit, urlunsplit

_LOOPBACK = ("127.0.0.1", "::1")


def check_redirect(uri: str) -> None:
    """Raise ``ValueError`` when no app could register this address."""
    parts = urlsplit(uri)
    if parts.scheme == "https" and parts.hostname and parts.hostname != "localhost":
        return
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return
    message = f"{uri} must use https, or http with 127.0.0.1 or [::1]"
    raise ValueError(message)


def is_registered(uri: str, registered: set[str]) -> bool:
    """Whether a request for this address is among the registered ones."""
    try:
        check_redirect(uri)
        return uri in registered or _without_port(uri) in registered
    except ValueError:
        return False


def _without_port(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.hostname not in _LOOPBACK or parts.port is None:
        return uri
    host = parts.netloc[: -len(f":{parts.port}")]
    return urlunsplit(parts._replace(netloc=host))
