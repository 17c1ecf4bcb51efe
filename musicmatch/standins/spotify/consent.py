"""The pages a person sees: the consent page and the page for a broken request."""

from collections.abc import Iterable, Mapping
from html import escape

from musicmatch.standins.spotify.listeners import Listener

_STYLE = """
:root { color-scheme: light dark; --ink: #1d1b26; --paper: #fbfaf7; --soft: #5a5568;
  --line: #8a8497; --card: #ffffff; --focus: #5b2ec4; }
@media (prefers-color-scheme: dark) { :root { --ink: #f2eff8; --paper: #17151d;
  --soft: #bdb6cc; --line: #77708a; --card: #211e2a; --focus: #c4aeff; } }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem; }
.notice { border: 2px dashed var(--line); border-radius: .5rem; padding: .75rem 1rem; }
.people { list-style: none; margin: 1.5rem 0; padding: 0; display: grid; gap: .5rem; }
button { width: 100%; text-align: left; font: inherit; color: inherit; cursor: pointer;
  background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .75rem 1rem; overflow-wrap: anywhere; }
button:hover { border-color: var(--ink); }
button:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
button strong { display: block; }
button span { color: var(--soft); }
.cancel { width: auto; }
"""


def consent_page(
    listeners: Iterable[Listener], scopes: Iterable[str], query: Mapping[str, str]
) -> str:
    """One button per listener and one to cancel; ``query`` comes back with the form.

    ``scopes`` are sentences that say what is asked for.
    """
    asked = "".join(f"<li>{escape(scope)}</li>" for scope in scopes)
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in query.items()
    )
    return _page(
        "Choose who signs in",
        f"""
<p class="notice"><strong>This is a stand-in for development, not Spotify.</strong>
The people below are made up. No real account is used and nothing leaves this
computer.</p>
<p>Musicmatch asks for:</p>
<ul>{asked or "<li>your public profile</li>"}</ul>
<form method="post" action="/authorize">
{hidden}
<ul class="people">
{"".join(_button(listener) for listener in listeners)}
</ul>
<button class="cancel" type="submit" name="cancel" value="1" data-cancel>Cancel</button>
</form>""",
    )


def _button(listener: Listener) -> str:
    name = listener.display_name or listener.id
    return (
        f'<li><button type="submit" name="listener" value="{listener.key}" '
        f'data-listener="{listener.key}"><strong>{escape(name)}</strong> '
        f"<span>{escape(listener.kind)}</span></button></li>\n"
    )


def error_page(code: str, reason: str) -> str:
    """The stand-in's own page for a request that may not be sent back to the app."""
    return _page(
        f"{code}: {reason}",
        """
<p class="notice"><strong>This is a stand-in for development, not Spotify.</strong>
The app that sent you here asked in a way that Spotify would refuse, so you were not
sent back to it.</p>""",
    )


def _page(title: str, content: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Stand-in for Spotify</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
{content}
</main>
</body>
</html>
"""
