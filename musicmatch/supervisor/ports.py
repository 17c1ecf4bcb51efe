"""Loopback ports: is one free, which one is, does a page answer there."""

import socket

_HOST = "127.0.0.1"


def port_is_free(port: int) -> bool:
    """Tell whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As gunicorn does: a port that is only winding down counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def free_port(preferred: int) -> int:
    """Return the preferred loopback port when it is free, else any free one."""
    if preferred <= 65535 and port_is_free(preferred):
        return preferred
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def page_answers(port: int, path: str, timeout: float = 2.0) -> bool:
    """Tell whether ``path`` answers with a status below 400.

    A bare socket: ``http.client`` would load all of ``ssl`` into a process that
    does nothing else with it.
    """
    request = f"GET {path} HTTP/1.0\r\nHost: {_HOST}:{port}\r\n\r\n"
    try:
        with socket.create_connection((_HOST, port), timeout) as connection:
            connection.sendall(request.encode("ascii"))
            status = connection.makefile("rb").readline(64).split()
    except OSError:
        return False
    return len(status) > 1 and status[1][:1] in {b"2", b"3"}
