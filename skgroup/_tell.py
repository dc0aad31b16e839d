"""What long computations say while they run."""

import logging
import sys
from typing import Any

from tqdm.auto import tqdm

__all__ = ["tell"]


def tell(verbose: int, speaker: Any, text: str, *, least: int = 1) -> None:
    """Say `text` where `verbose` is at least `least`; `speaker` is a name, or an estimator.

    It goes to the logger "skgroup", at level INFO, if a handler takes that level from it. A logger
    that nobody set up drops INFO, and with `verbose` the user asked to see it: then it goes to
    stderr, beside the progress bars.
    """
    if verbose < least:
        return
    name = speaker if isinstance(speaker, str) else type(speaker).__name__
    logger = logging.getLogger("skgroup")
    if logger.isEnabledFor(logging.INFO) and _is_heard(logger):
        logger.info("[%s] %s", name, text)
    else:
        tqdm.write(f"[{name}] {text}", file=sys.stderr)


def _is_heard(logger: logging.Logger | None) -> bool:
    while logger is not None:
        if any(handler.level <= logging.INFO for handler in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False
