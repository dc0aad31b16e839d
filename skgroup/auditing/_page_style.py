"""How the page looks: light and dark, wide, narrow and on paper."""

__all__ = ["COLOURS", "STYLE"]

# Text colours stand out from either background by 4.5 to 1 or more.
COLOURS: dict[str, dict[str, str]] = {
    "light": {
        "back": "#ffffff", "panel": "#f3f5f8", "text": "#1b2430", "soft": "#55606e",
        "line": "#cdd4dd", "own": "#a63d00", "other": "#2b5f9e", "warn": "#8a5a00",
    },
    "dark": {
        "back": "#12171e", "panel": "#1c232d", "text": "#e6eaf0", "soft": "#a7b1bf",
        "line": "#3a4553", "own": "#ff9b61", "other": "#8ab8f2", "warn": "#eabb61",
    },
}  # fmt: skip

_RULES = """
.skgroup-audit { color: var(--text); background: var(--back); max-width: 60rem; margin: 0 auto;
  padding: 1.5rem 1.25rem 3rem; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
  box-sizing: border-box; text-align: left; }
.skgroup-audit h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .75rem; }
.skgroup-audit h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; }
.skgroup-audit h3 { font-size: 1rem; margin: 0 0 .25rem; }
.skgroup-audit p { margin: 0 0 .6rem; max-width: 46rem; color: var(--text); }
.skgroup-audit .kicker, .skgroup-audit .note, .skgroup-audit caption { color: var(--soft); }
.skgroup-audit .kicker { margin: 0; font-size: .85rem; letter-spacing: .04em; }
.skgroup-audit .note, .skgroup-audit caption { font-size: .9rem; }
.skgroup-audit .figures { display: grid; gap: .75rem; margin: 1.25rem 0;
  grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); }
.skgroup-audit .figures div { background: var(--panel); border-radius: .5rem;
  padding: .75rem 1rem; }
.skgroup-audit .figures dt { color: var(--soft); font-size: .9rem; font-weight: 400; }
.skgroup-audit .figures dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.skgroup-audit .figures small { display: block; font-size: .85rem; color: var(--soft); }
.skgroup-audit .beware { border-left: .25rem solid var(--warn); background: var(--panel);
  padding: .75rem 1rem .5rem; border-radius: 0 .5rem .5rem 0; margin-top: 1.5rem; }
.skgroup-audit .beware h2 { margin-top: 0; color: var(--warn); }
.skgroup-audit ul { margin: 0; padding-left: 1.2rem; }
.skgroup-audit li { margin: 0 0 .5rem; max-width: 48rem; }
.skgroup-audit table { border-collapse: collapse; width: 100%; font-size: .95rem; margin: 0;
  color: var(--text); background: none; border: 0; }
.skgroup-audit caption { caption-side: top; text-align: left; padding-bottom: .4rem; }
.skgroup-audit th, .skgroup-audit td { text-align: left; vertical-align: middle; background: none;
  padding: .3rem .75rem .3rem 0; border: 0; font-weight: 400; color: var(--text); }
.skgroup-audit thead th { color: var(--soft); font-size: .85rem; vertical-align: bottom; }
.skgroup-audit tbody tr { border-top: 1px solid var(--line); background: none; }
.skgroup-audit td { font-variant-numeric: tabular-nums; white-space: nowrap; }
.skgroup-audit .models td:nth-child(2), .skgroup-audit .scores td:nth-child(2) { width: 36%; }
.skgroup-audit .scores th { width: 30%; }
.skgroup-audit .scores tbody tr { border-top: 0; }
.skgroup-audit .group { break-inside: avoid; border-top: 1px solid var(--line); padding: .8rem 0; }
.skgroup-audit .group p { margin-bottom: .3rem; }
.skgroup-audit .own { font-weight: 600; }
.skgroup-audit code { font-family: ui-monospace, monospace; font-size: .9em; color: var(--text);
  background: var(--panel); border-radius: .25rem; padding: .1em .35em; }
.skgroup-audit .marks { display: block; width: 100%; height: 1.1rem; overflow: visible; }
.skgroup-audit .scale { display: flex; justify-content: space-between; }
.skgroup-audit .base { stroke: var(--line); stroke-width: 1; }
.skgroup-audit .tick { stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 2 2; }
.skgroup-audit .span { stroke: var(--other); stroke-width: 3; stroke-linecap: round; }
.skgroup-audit .dot { fill: var(--other); stroke: var(--back); stroke-width: 1.5; }
.skgroup-audit .marks.own .span { stroke: var(--own); }
.skgroup-audit .marks.own .dot { fill: var(--own); }
@media (max-width: 40rem) {
  .skgroup-audit { padding: 1rem .9rem 2rem; }
  .skgroup-audit h1 { font-size: 1.35rem; }
  .skgroup-audit .figures { grid-template-columns: 1fr 1fr; }
  .skgroup-audit .figures dd { font-size: 1.25rem; }
  .skgroup-audit .scores thead, .skgroup-audit .models thead { display: none; }
  .skgroup-audit .scores tr, .skgroup-audit .models tr { display: grid; padding: .3rem 0;
    grid-template-columns: minmax(0, 1fr) auto; column-gap: .75rem; }
  .skgroup-audit .scores th, .skgroup-audit .models th { grid-column: 1 / -1; width: auto; }
  .skgroup-audit .scores th, .skgroup-audit .scores td, .skgroup-audit .models th,
  .skgroup-audit .models td { padding: .05rem 0; width: auto !important; }
  .skgroup-audit .models td { grid-column: 1 / -1; display: flex; }
  .skgroup-audit .models td:nth-child(n+3)::before { content: attr(data-label);
    color: var(--soft); flex: 0 0 8rem; }
  .skgroup-audit td { white-space: normal; }
}
@media print {
  .skgroup-audit { max-width: none; padding: 0; font-size: .8rem; }
  .skgroup-audit h2 { break-after: avoid; }
  .skgroup-audit tr, .skgroup-audit .figures, .skgroup-audit li { break-inside: avoid; }
}
"""


def _variables(theme: str) -> str:
    told = " ".join(f"--{name}: {colour};" for name, colour in COLOURS[theme].items())
    return f".skgroup-audit {{ {told} }}"


STYLE = "\n".join(
    [
        _variables("light"),
        f"@media screen and (prefers-color-scheme: dark) {{ {_variables('dark')} }}",
        _RULES,
    ]
)
