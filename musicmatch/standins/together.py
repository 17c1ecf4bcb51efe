"""Several pretend services on one port: one process, and its memory, for all."""

from musicmatch.standins import control
from musicmatch.standins.lastfm import LastfmStandin
from musicmatch.standins.listenbrainz import ListenBrainzStandin
from musicmatch.standins.musicbrainz import MusicBrainzStandin
from musicmatch.standins.pages import notice, page
from musicmatch.standins.reccobeats import ReccoBeatsStandin
from musicmatch.standins.server import LoopbackServer
from musicmatch.standins.wire import Answer, Request, html_answer

_SERVICES = "ListenBrainz, Last.fm, MusicBrainz or ReccoBeats"
_CONTENT = """
<p><a href="/settings/">Names and tokens of the made-up people on ListenBrainz.</a></p>
<p>Trouble is switched on with a POST of JSON, such as
<code>{"path": "/2.0/", "kind": "code", "code": 29}</code> to
<code>/_standin/lastfm/fault</code>, and off with <code>{}</code> to
<code>/_standin/lastfm/clear</code>.</p>"""


class Together(LoopbackServer):
    """ListenBrainz, Last.fm, MusicBrainz and ReccoBeats side by side.

    Their controls carry the service's name: ``/_standin/lastfm/fault``. Spotify is
    not among them, because its paths are those of ReccoBeats too.
    """

    def __init__(self, *, latency: float = 0.0) -> None:
        super().__init__()
        self.listenbrainz = ListenBrainzStandin(latency=latency)
        self.lastfm = LastfmStandin(latency=latency)
        self.musicbrainz = MusicBrainzStandin(latency=latency)
        self.reccobeats = ReccoBeatsStandin(latency=latency)
        self._services = (
            self.listenbrainz,
            self.lastfm,
            self.musicbrainz,
            self.reccobeats,
        )

        for service in self._services:
            service.stopping = self.stopping

    def start(self, port: int = 0) -> None:
        super().start(port)
        for service in self._services:
            service.origin = self.origin

    def answer(self, request: Request) -> Answer:
        for service in self._services:
            roots = (*service.roots, f"{control.ROOT}{service.name}/")
            if request.path.startswith(roots):
                return service.answer(request)
        if request.path.startswith(control.ROOT):
            return control.no_such_control()
        if request.path == "/":
            words = "Everything here is made up, and nothing leaves this computer."
            content = notice(_SERVICES, words) + _CONTENT
            return html_answer(page(_SERVICES, "Four pretend services", content))
        return html_answer("<!doctype html><title>Not found</title>", status=404)
