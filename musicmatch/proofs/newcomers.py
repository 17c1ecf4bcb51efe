"""People who come by Spotify: they sign in at the stand-in, join, and are imported."""

import re
import warnings
from urllib.parse import urljoin

import requests
import urllib3

_SECONDS = 30
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class CameNotIn(Exception):
    """The sign-in did not end where it should; the message says where it did."""


class Newcomer:
    """A browser of somebody new, without a screen."""

    def __init__(self, site: str, listener: str, handle: str) -> None:
        self._site = site
        self._listener = listener
        self._session = requests.Session()
        # A certificate of the stack's own; what the machine trusts does not count.
        self._session.trust_env = self._session.verify = False
        self.handle = handle

    def come(self) -> None:
        """Sign in and join; the import is on its way then."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
            answer = self._send("/accounts/login/", "/accounts/spotify/login/")
            if "Location" not in answer.headers:
                raise CameNotIn(f"{answer.status_code} on the way to Spotify")
            consent = f"{answer.headers['Location']}&listener={self._listener}"
            page = self._session.get(consent, timeout=_SECONDS)
            if not page.url.endswith("/welcome/"):
                raise CameNotIn(f"{page.status_code} at {page.url}")
            answer = self._send(
                "/welcome/", "/welcome/", handle=self.handle, consent="on"
            )
            if answer.status_code != 302:
                raise CameNotIn(f"{answer.status_code} for joining")
        self._session.close()

    def _send(self, form_at: str, path: str, **values: str) -> requests.Response:
        page = self._session.get(urljoin(self._site, form_at), timeout=_SECONDS)
        token = _TOKEN.search(page.text)
        if token is None:
            raise CameNotIn(f"{page.status_code} at {form_at}")
        return self._session.post(
            urljoin(self._site, path),
            data={"csrfmiddlewaretoken": token[1], **values},
            headers={"Referer": self._site},
            allow_redirects=False,
            timeout=_SECONDS,
        )
