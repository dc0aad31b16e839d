"""The list of public names, from which the reference is made: each name once, in one place."""

import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType

import skgroup

# What most readers look for comes first; rooms that are not listed follow in alphabetical order.
ORDER = ("inference", "classifiers", "metrics", "model_selection", "inspection", "datasets")


def rooms() -> list[ModuleType]:
    """The public modules of the package in reading order, the package itself last."""
    names = [m.name for m in pkgutil.iter_modules(skgroup.__path__) if m.name[0] != "_"]
    modules = [importlib.import_module(f"skgroup.{name}") for name in names]
    rank = {f"skgroup.{name}": i for i, name in enumerate(ORDER)}
    modules.sort(key=lambda m: (rank.get(m.__name__, len(rank)), m.__name__))
    return [m for m in [*modules, skgroup] if hasattr(m, "__all__")]


def pages() -> dict[str, list[str]]:
    """Room -> dotted names that have a page there; short names where the package has them."""
    found: dict[str, list[str]] = {}
    seen: set[int] = set()
    for module in rooms():
        for name in sorted(module.__all__, key=str.lower):
            thing = getattr(module, name)
            if id(thing) not in seen:
                seen.add(id(thing))
                home = "skgroup" if name in skgroup.__all__ else module.__name__
                found.setdefault(module.__name__, []).append(f"{home}.{name}")
    return found


def reference() -> str:
    """The page that lists all others, with one table a room."""
    parts = ["API reference\n=============\n\nEvery public name, by the module that it lives in.\n"]
    for module, names in pages().items():
        title = f"``{module}``"
        summary = (inspect.getdoc(importlib.import_module(module)) or "").splitlines()[0]
        if module == "skgroup":
            summary = "What belongs to no single module."
        lines = "\n".join(f"   ~{name}" for name in names)
        parts.append(
            f"{title}\n{'-' * len(title)}\n\n{summary}\n\n"
            f".. autosummary::\n   :toctree: generated\n   :nosignatures:\n\n{lines}\n"
        )
    return "\n".join(parts)


def write(folder: Path) -> None:
    """Write the listing, unless it is there and the same: a new time stamp would rebuild it."""
    folder.mkdir(exist_ok=True)
    page = folder / "index.rst"
    if not page.exists() or page.read_text(encoding="utf-8") != reference():
        page.write_text(reference(), encoding="utf-8")
