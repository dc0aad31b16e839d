"""The pages name everything that is public, and lead nowhere that is not there."""

import ast
import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
EXTENSIONS = DOCS / "_ext"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("guide/*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("plot_*.py"))


def extension(name, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(EXTENSIONS), *sys.path])
    return importlib.import_module(name)


def listed(path):
    """The names in the `__all__` of a file."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return []


def test_every_public_name_has_one_page_in_the_reference(monkeypatch):
    reference_pages = extension("reference_pages", monkeypatch)
    files = [
        *(ROOT / "skgroup").glob("**/__init__.py"),
        *(p for p in (ROOT / "skgroup").glob("[a-z]*.py")),
    ]
    expected = {name for path in files for name in listed(path)}
    pages = [dotted for names in reference_pages.pages().values() for dotted in names]
    assert sorted(dotted.split(".")[-1] for dotted in pages) == sorted(expected)
    assert all(f"   ~{dotted}\n" in reference_pages.reference() for dotted in pages)


def test_names_have_pages_where_users_import_them_from(monkeypatch):
    pages = extension("reference_pages", monkeypatch).pages()
    assert "skgroup.GroupDROClassifier" in pages["skgroup.classifiers"]
    assert "skgroup.metrics.group_scores" in pages["skgroup.metrics"]
    assert list(pages)[:2] == ["skgroup.inference", "skgroup.classifiers"]


def anchors(path):
    """The anchors of the headings of a page: lower case, hyphens for spaces, no punctuation."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_between_pages_lead_to_files_and_headings(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        found = target.exists()
        assert found, f"{link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


def test_every_page_of_the_guide_is_in_its_list():
    guide = (DOCS / "user_guide.md").read_text(encoding="utf-8")
    for page in DOCS.glob("guide/*.md"):
        assert f"(guide/{page.name})" in guide
        assert f"\nguide/{page.stem}\n" in guide


def test_the_link_checker_finds_missing_pages_and_anchors(tmp_path, monkeypatch):
    check_links = extension("check_links", monkeypatch)
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="b.html#there">x</a> <a href="b.html#gone">x</a>'
        '<a href="#here">x</a> <a href="c.html">x</a> <a href="https://example.org/x">x</a></p>'
    )
    (tmp_path / "b.html").write_text('<p id="there"><img src="no.png"></p>')
    assert check_links.broken(tmp_path) == [
        "a.html: b.html#gone", "a.html: c.html", "b.html: no.png",
    ]  # fmt: skip


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_have_a_title_cells_and_a_picture(path):
    text = path.read_text(encoding="utf-8")
    title, underline = ast.get_docstring(ast.parse(text)).splitlines()[:2]
    assert underline == "=" * len(title)
    assert text.count("\n# %%\n") >= 2
    assert "plt.show()" in text or "--output" in text or ".plot" in text
