"""HTML, of which only what is written here is ever markup."""

from collections.abc import Iterable
from html import escape
from typing import Any

__all__ = ["element", "said", "table", "user_text"]


def user_text(value: Any) -> str:
    """Whatever comes from the data, as text: no markup, and no say in the direction of the rest."""
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    shown = "".join(c if c.isprintable() else " " for c in text)
    return f"<bdi>{escape(shown)}</bdi>"


def said(text: str) -> str:
    """A sentence that may quote the data."""
    shown = text.encode("utf-8", "replace").decode("utf-8")
    return escape("".join(c if c.isprintable() else " " for c in shown))


def element(name: str, *content: str, **attributes: Any) -> str:
    """An element; the content is markup already, values of attributes are text."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
    )
    return f"<{name}{told}>{''.join(content)}</{name}>"


def table(caption: str, head: Iterable[str], rows: Iterable[Iterable[str]], class_: str) -> str:
    """A table whose first column names the rows; all cells are markup already."""
    top = element("tr", *(element("th", cell, scope="col") for cell in head))
    body = [
        element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in cells))
        for first, *cells in rows
    ]
    return element(
        "table", element("caption", caption), element("thead", top),
        element("tbody", *body), class_=class_,
    )  # fmt: skip
