"""Small drawn pictures, so that nothing has to be fetched from another host."""

from musicmatch.standins.draws import digest
from musicmatch.standins.wire import Answer


def picture(name: str) -> Answer:
    """A square SVG in colours drawn from the name."""
    number = digest("picture", name)
    hue, turn, size = number % 360, 40 + number // 360 % 120, 20 + number % 25
    body = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
        f'<path fill="hsl({hue} 45% 32%)" d="M0 0h100v100H0z"/>'
        f'<circle cx="{30 + number % 40}" cy="{30 + number // 7 % 40}" r="{size}" '
        f'fill="hsl({(hue + turn) % 360} 60% 62%)"/></svg>'
    )
    return Answer(status=200, body=body.encode(), content_type="image/svg+xml")
