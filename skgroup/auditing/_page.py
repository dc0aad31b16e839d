"""An audit as a page."""

from html import escape
from typing import Any

__all__ = ["fragment", "page"]


def fragment(report: Any) -> str:
    return f"<pre>{escape(report.summary())}</pre>"


def page(report: Any) -> str:
    title = escape(f"Audit of {report.model_name}")
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body>{fragment(report)}</body></html>"
    )
