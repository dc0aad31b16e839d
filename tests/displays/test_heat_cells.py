import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgba

from skgroup.displays._heat_cells import draw_cells

VALUES = np.array([[0.0, 0.5, np.nan], [1.0, 0.25, 0.75]])
TEXTS = np.array([["a", "b", ""], ["d", "e", "f"]])


def draw(figsize, cmap="cividis"):
    figure, ax = plt.subplots(figsize=figsize)
    names = {"rows": ["r0", "r1"], "columns": ["c0", "c1", "c2"]}
    return figure, *draw_cells(ax, VALUES, TEXTS, limits=(0, 1), cmap=cmap, **names)


def test_cells_and_texts_are_those_given():
    figure, image, written = draw((5, 3))
    np.testing.assert_array_equal(image.get_array().filled(np.nan), VALUES)
    assert [[t.get_text() for t in row] for row in written] == TEXTS.tolist()
    assert [[t.get_position() for t in row] for row in written] == [
        [(0, 0), (1, 0), (2, 0)],
        [(0, 1), (1, 1), (2, 1)],
    ]
    assert [t.get_text() for t in image.axes.get_yticklabels()] == ["r0", "r1"]
    assert [t.get_text() for t in image.axes.get_xticklabels()] == ["c0", "c1", "c2"]
    figure.canvas.draw()


def test_text_contrasts_with_its_cell_and_nothing_is_grey():
    _, image, written = draw((5, 3))
    assert written[0, 0].get_color() == "white"
    assert written[1, 0].get_color() == "black"
    grey = image.to_rgba(np.ma.masked_invalid([np.nan]))[0]
    np.testing.assert_allclose(grey, to_rgba("0.88"))
    assert written[0, 2].get_color() == "black"


def test_small_cells_have_no_text_and_a_colormap_may_be_given():
    _, image, written = draw((0.3, 0.2), plt.get_cmap("Blues"))
    assert written is None
    assert image.cmap.name == "Blues"
