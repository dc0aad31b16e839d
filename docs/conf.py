"""How Sphinx builds these pages: `make docs`. Nothing is fetched, neither here nor by the pages."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

import reference_pages  # noqa: E402

import skgroup  # noqa: E402

project = "skgroup"
author = "skgroup developers"
copyright = "skgroup developers"
version = release = skgroup.__version__
language = "en-GB"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "name_links",
]
exclude_patterns = ["_build", "**/README.txt"]
templates_path = ["_templates"]

reference_pages.write(HERE / "reference")
autosummary_generate = True
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "backreferences_dir": "reference/backreferences",
    "doc_module": ("skgroup",),
    "reference_url": {"skgroup": None},
    "reset_argv": "gallery.argv",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "show_memory": False,
    "write_computation_times": False,
    "download_all_examples": False,
}

html_theme = "pydata_sphinx_theme"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["skgroup.css"]
html_title = f"skgroup {release}"
html_copy_source = False
# Pages without pages below them have nothing to list beside the text.
PAGES = {path.stem for path in HERE.glob("*.md")} - {"index", "user_guide"}
html_sidebars = {page: [] for page in PAGES}
html_theme_options = {
    "navbar_align": "left",
    "show_prev_next": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def only_our_own(app, what, name, obj, skip, options):
    """What scikit-learn and torch give to every estimator and module is told in their pages."""
    home = getattr(getattr(obj, "fget", obj), "__module__", None) or ""
    return True if what == "class" and not home.startswith("skgroup") else None


def setup(app):
    app.connect("autodoc-skip-member", only_our_own)
