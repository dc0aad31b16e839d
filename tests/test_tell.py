import logging
from contextlib import contextmanager

import pytest

from skgroup._tell import tell


@contextmanager
def logger(level=logging.NOTSET, *handlers, propagate=False):
    """The library's logger, set up like this; the handlers that pytest gave it are left out."""
    found = logging.getLogger("skgroup")
    before = (found.level, found.propagate, found.handlers)
    found.setLevel(level)
    found.propagate, found.handlers = propagate, list(handlers)
    try:
        yield
    finally:
        found.setLevel(before[0])
        found.propagate, found.handlers = before[1:]


class Heard(logging.Handler):
    def __init__(self, level=logging.NOTSET):
        super().__init__(level)
        self.records = []

    def emit(self, record):
        self.records.append((record.levelname, record.name, record.getMessage()))


def test_without_a_handler_it_is_printed_to_stderr(capsys):
    with logger():
        tell(1, "judge", "3 groups of 100 % of the rows")
    assert capsys.readouterr() == ("", "[judge] 3 groups of 100 % of the rows\n")


@pytest.mark.parametrize(
    ("handler_level", "logger_level"),
    [(logging.WARNING, logging.INFO), (logging.NOTSET, logging.WARNING)],
    ids=["handler of warnings", "logger of warnings"],
)
def test_what_logging_would_drop_is_printed(capsys, handler_level, logger_level):
    handler = Heard(handler_level)
    with logger(logger_level, handler):
        tell(1, "judge", "3 groups")
    assert capsys.readouterr().err == "[judge] 3 groups\n"
    assert handler.records == []


def test_a_handler_takes_its_place(capsys):
    handler = Heard()
    with logger(logging.INFO, handler):
        tell(1, "judge", "3 groups of 100 % of the rows")
    assert handler.records == [("INFO", "skgroup", "[judge] 3 groups of 100 % of the rows")]
    assert capsys.readouterr() == ("", "")


def test_a_handler_of_the_root_takes_its_place(capsys):
    handler, root = Heard(), logging.getLogger()
    root.addHandler(handler)
    with logger(logging.INFO, propagate=True):
        tell(1, "judge", "3 groups")
    root.removeHandler(handler)
    assert handler.records == [("INFO", "skgroup", "[judge] 3 groups")]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("verbose", "least", "is_said"),
    [(0, 1, False), (1, 1, True), (True, 1, True), (1, 2, False), (2, 2, True), (3, 2, True)],
)
def test_levels(capsys, verbose, least, is_said):
    tell(verbose, Heard(), "text", least=least)
    assert capsys.readouterr().err == is_said * "[Heard] text\n"
