"""An audit as a page of its own, or as a part of another one."""

from html import escape
from string import Template
from typing import Any

from skgroup.auditing._markup import element
from skgroup.auditing._page_sections import SECTIONS
from skgroup.auditing._page_style import COLOURS, STYLE

__all__ = ["POLICY", "fragment", "page"]

# Even if markup came through, no script would run and nothing be fetched.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"

PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
body { margin: 0; background: $light; }
@media screen and (prefers-color-scheme: dark) { body { background: $dark; } }
</style>
</head>
<body>
$content
</body>
</html>
""")


def fragment(report: Any) -> str:
    """The report with its style, which touches nothing outside of it."""
    parts = [section(report) for section in SECTIONS]
    return element("div", element("style", STYLE), *parts, class_="skgroup-audit")


def page(report: Any) -> str:
    """The report as a document."""
    return PAGE.substitute(
        policy=escape(POLICY),
        title=escape(f"Audit of {report.model_name}"),
        light=COLOURS["light"]["back"],
        dark=COLOURS["dark"]["back"],
        content=element("main", fragment(report)),
    )
