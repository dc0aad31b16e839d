import pytest

from skgroup.auditing._markup import class_name, element, said, table, user_text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#x27;"),
        ("a\u202eb", "a b"),  # turns what follows around
        ("a\x00b\nc", "a b c"),
        ("\ud800", "?"),  # half a character
        ("\u00fc \u4e2d \U0001f600", "\u00fc \u4e2d \U0001f600"),
    ],
)
def test_text_is_never_markup(given, shown):
    assert said(given) == shown
    assert user_text(given) == f"<bdi>{shown}</bdi>"
    user_text(given).encode("utf-8")


def test_per_cent_signs_stay_with_their_number():
    assert said("5 % of") == "5\u00a0% of"


def test_long_names_break_between_words():
    assert class_name("HistGradientX<") == "<bdi>Hist<wbr>Gradient<wbr>X&lt;</bdi>"


def test_attributes_are_text():
    assert element("p", "<i></i>", class_="a", aria_label='"><script>') == (
        '<p class="a" aria-label="&quot;&gt;&lt;script&gt;"><i></i></p>'
    )


def test_a_table_names_rows_and_columns():
    found = table("all", ["Model", "<i>Gap</i>"], [["m", "0.1"]], "t")
    assert found == (
        '<table class="t"><caption>all</caption><thead><tr><th scope="col">Model</th>'
        '<th scope="col"><i>Gap</i></th></tr></thead><tbody><tr><th scope="row">m</th>'
        '<td data-label="Gap">0.1</td></tr></tbody></table>'
    )
