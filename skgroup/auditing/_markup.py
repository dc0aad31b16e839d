"""HTML, of which only what is written here is ever markup."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

__all__ = ["class_name", "element", "said", "table", "user_text"]


def user_text(value: Any) -> str:
    """Whatever comes from the data, as text: no markup, and no say in the direction of the rest."""
    return element("bdi", said(str(value)))


def said(text: str) -> str:
    """A sentence that may quote the data; what cannot be printed is a space."""
    known = text.encode("utf-8", "replace").decode("utf-8")
    shown = "".join(c if c.isprintable() else " " for c in known)
    return escape(shown.replace(" %", "\u00a0%"))  # no line begins with a per cent sign


def class_name(name: str) -> str:
    """A long name that may be broken between its words."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "\0", name).split("\0")
    return element("bdi", "<wbr>".join(map(said, words)))


def element(name: str, *content: str, **attributes: Any) -> str:
    """An element; the content is markup already, values of attributes are text."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
    )
    return f"<{name}{told}>{''.join(content)}</{name}>"


def table(caption: str, head: Sequence[str], rows: Iterable[Iterable[str]], class_: str) -> str:
    """A table whose first column names the rows; all cells are markup already."""
    top = element("tr", *(element("th", cell, scope="col") for cell in head))
    body = []
    for first, *cells in rows:
        labelled = zip(cells, head[1:], strict=True)
        told = [
            element("td", cell, data_label=re.sub("<.*?>", "", name)) for cell, name in labelled
        ]
        body.append(element("tr", element("th", first, scope="row"), *told))
    return element(
        "table", element("caption", caption), element("thead", top),
        element("tbody", *body), class_=class_,
    )  # fmt: skip
