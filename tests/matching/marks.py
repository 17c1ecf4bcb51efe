"""Reading pages by their marks, as any program would."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client


class _Marks(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append({"tag": tag, **{k: v or "" for k, v in attrs}})

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def marks(response: Any, *names: str) -> list[dict[str, str]]:
    """Attributes of every element that carries all of these."""
    parser = _Marks()
    parser.feed(response.content.decode())
    return [a for a in parser.found if all(name in a for name in names)]


def words_of(response: Any) -> str:
    parser = _Marks()
    parser.feed(response.content.decode())
    return " ".join(" ".join(parser.text).split())


def board_rows(client: Client, query: str = "") -> list[dict[str, str]]:
    response = client.get(f"/matches/{query}")
    assert response.status_code == 200
    return marks(response, "data-person", "data-shared-artists")


def handles(client: Client, query: str = "") -> list[str]:
    return [row["data-person"] for row in board_rows(client, query)]


def explanation_root(response: Any) -> dict[str, str]:
    [root] = [m for m in marks(response, "data-page") if m["tag"] != "body"]
    return root


def receipt_rows(response: Any) -> list[dict[str, str]]:
    return marks(response, "data-part", "data-points")
