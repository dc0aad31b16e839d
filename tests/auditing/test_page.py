import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

import skgroup
from skgroup.auditing._page import POLICY, fragment, page
from skgroup.datasets import make_shortcut_classification

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
SCRIPT = "<script>document.title='pwned'</script>"
IMAGE = "<img src=x onerror=\"document.title='pwned'\">"
BREAKS_OUT = "\"'></style></title></bdi></svg>--><svg onload=\"document.title='pwned'\">"
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "div", "header", "section", "p",
    "h1", "h2", "h3", "dl", "dt", "dd", "small", "ul", "li", "strong", "table", "caption",
    "thead", "tbody", "tr", "th", "td", "span", "bdi", "code", "svg", "line", "circle", "wbr",
}  # fmt: skip


class Tags(HTMLParser):
    """Tags and attributes of a document, as another parser reads it."""

    def __init__(self, text):
        super().__init__()
        self.names, self.attributes, self.headings = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.fixture(scope="module", params=["given", "inferred"])
def hostile(request):
    """Audits of data in which every name is an attack."""
    X, y, groups = make_shortcut_classification(600, n_features=3, agreement=0.85, random_state=0)
    frame = pd.DataFrame({SCRIPT: X[:, 0], IMAGE: X[:, 1]})
    frame[BREAKS_OUT] = pd.Categorical(np.where(X[:, 1] > 0, SCRIPT, IMAGE))
    labels = np.array([SCRIPT, BREAKS_OUT])[y]
    names = np.array([IMAGE, SCRIPT, BREAKS_OUT, "plain"])[groups]
    model = HistGradientBoostingClassifier(
        max_iter=10, categorical_features="from_dtype", random_state=0
    )
    other = HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype")
    return skgroup.audit(
        model, frame, labels, names if request.param == "given" else None,
        alternatives={BREAKS_OUT: other}, n_refits=2, n_null=0, random_state=0,
    )  # fmt: skip


def test_what_comes_from_the_data_is_never_markup(hostile):
    found = Tags(page(hostile))
    assert set(found.names) <= TAGS
    assert not [name for name in found.attributes if name.startswith("on")]
    assert "src" not in found.attributes
    assert "href" not in found.attributes


def test_the_attacks_can_be_read(hostile):
    text = page(hostile)
    assert "&lt;script&gt;document.title=&#x27;pwned&#x27;&lt;/script&gt;" in text
    assert "&lt;img src=x" in text


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_nothing_runs_in_a_browser_even_without_the_policy(hostile, tmp_path):
    text = page(hostile)
    assert text.count("Content-Security-Policy") == 1
    bare = re.sub("<meta http-equiv[^>]*>", "", text)
    dom = in_browser(bare, tmp_path)
    assert "<title>Audit of HistGradientBoostingClassifier</title>" in dom
    assert "</main>" in dom
    # The browser does run scripts, and would have run these.
    assert "<title>pwned</title>" in in_browser(bare.replace("<main>", f"<main>{SCRIPT}"), tmp_path)
    # With the policy it runs none, even where there is one.
    assert "<title>pwned" not in in_browser(text.replace("<main>", f"<main>{SCRIPT}"), tmp_path)


def in_browser(text, folder):
    """The document as Chromium has it after loading."""
    path = folder / "page.html"
    path.write_text(text, encoding="utf-8")
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def test_the_page_is_complete_in_itself(inferred):
    text = page(inferred)
    assert "http" not in text.replace("http-equiv", "")
    assert POLICY.startswith("default-src 'none'")
    found = Tags(text)
    assert found.names.count("h1") == found.names.count("main") == found.names.count("title") == 1
    assert found.names.count("table") == found.names.count("caption")
    assert found.names.count("svg") == len(re.findall('role="img" aria-label="[^"]+', text))
    assert 'lang="en"' in text
    assert 'name="viewport"' in text


def test_headings_leave_no_level_out(inferred):
    levels = [int(name[1]) for name in Tags(page(inferred)).names if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert max(np.diff(levels)) <= 1


def test_a_part_of_another_page_brings_its_style(inferred):
    part = fragment(inferred)
    assert part.startswith('<div class="skgroup-audit"><style>')
    assert "<html" not in part
    assert "<body" not in part
