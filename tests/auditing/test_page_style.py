import re

import pytest

from skgroup.auditing._page_style import COLOURS, STYLE


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_it_should_be():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", COLOURS)
@pytest.mark.parametrize("colour", ["text", "soft", "own", "other", "warn"])
@pytest.mark.parametrize("ground", ["back", "panel"])
def test_text_and_marks_can_be_read(theme, colour, ground):
    assert contrast(COLOURS[theme][colour], COLOURS[theme][ground]) >= 4.5


def test_both_themes_have_every_colour_that_is_used():
    used = set(re.findall(r"var\(--(\w+)\)", STYLE))
    assert used == set(COLOURS["light"]) == set(COLOURS["dark"])


def test_no_rule_reaches_beyond_the_report():
    rules = re.sub(r"@media[^{]*\{", "", STYLE)
    selectors = re.findall(r"([^{}]+)\{", rules)
    for selector in ",".join(selectors).split(","):
        assert selector.strip().startswith(".skgroup-audit"), selector


def test_nothing_is_fetched():
    assert not re.search(r"url\(|@import|http", STYLE)
