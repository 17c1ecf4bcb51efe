"""The pages a person sees at a stand-in, all in one plain dress."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

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
dt { font-weight: bold; margin-top: .75rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.cancel { width: auto; }
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody to be chosen: what the form sends, their name, and words on them."""

    value: str
    name: str
    words: str


def page(service: str, title: str, content: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Stand-in for {escape(service)}</title>
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


def notice(service: str, words: str) -> str:
    """The first thing on every page: whose page it is not."""
    return (
        f'<p class="notice"><strong>This is a stand-in for development, not '
        f"{escape(service)}.</strong>\n{words}</p>"
    )


def choices_form(
    action: str,
    choices: Iterable[Choice],
    query: Mapping[str, str],
    *,
    cancel: str = "Cancel",
) -> str:
    """One button for each choice and one to cancel; ``query`` is sent along."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in query.items()
    )
    return f"""
<form method="post" action="{escape(action)}">
{hidden}
<ul class="people">
{"".join(_button(choice) for choice in choices)}
</ul>
<button class="cancel" type="submit" name="cancel" value="1" data-cancel>\
{escape(cancel)}</button>
</form>"""


def _button(choice: Choice) -> str:
    value = escape(choice.value)
    return (
        f'<li><button type="submit" name="listener" value="{value}" '
        f'data-listener="{value}"><strong>{escape(choice.name)}</strong> '
        f"<span>{escape(choice.words)}</span></button></li>\n"
    )
