"""Environments in which a fixed model would like its outputs scaled differently."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["climb", "loss_slopes", "split_rows"]

CHECK_EVERY = 100


def loss_slopes(probabilities: NDArray, y: NDArray) -> NDArray[np.float64]:
    r"""Slope of each row's cross-entropy in a factor s on the logits, at s = 1.

    It is :math:`\sum_k p_k z_k - z_y`, which does not change when a number is added to all logits
    of a row, so that :math:`\log p` serves for them: the loss minus the entropy. It is positive
    for rows with a larger loss than the model expects.
    """
    log_p = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    return (probabilities * log_p).sum(axis=1) - log_p[np.arange(len(y)), y]


def climb(slopes: NDArray, u: NDArray, *, step_size: float, max_steps: int) -> NDArray[np.float64]:
    """Maximise the penalty over ``q = sigmoid(u)`` by Adam, from `u`.

    The penalty is half the sum of the squares of ``mean(q * slopes)`` and
    ``mean((1 - q) * slopes)``. Its gradient for row i is ``slopes[i] * gap * q_i (1 - q_i) / n``
    where ``gap`` is the difference of these two means: the one number that rows share, so that a
    step is a handful of passes over them. What a row adds to it grows with every step, so that it
    never changes its sign, and no row turns back: the steps end when all are on their side.
    """
    u = np.array(u, dtype=np.float64)
    first, second, t, gradient, work = (np.zeros_like(u) for _ in range(5))
    for step in range(1, max_steps + 1):
        np.tanh(np.multiply(u, 0.5, out=t), out=t)  # 2 q - 1
        factor = (slopes @ t) / (4 * len(u) ** 2)
        np.multiply(t, t, out=t)
        np.multiply(np.subtract(1.0, t, out=t), slopes, out=gradient)
        gradient *= factor
        first += np.multiply(np.subtract(gradient, first, out=work), 0.1, out=work)
        np.multiply(gradient, gradient, out=gradient)
        second += np.multiply(np.subtract(gradient, second, out=work), 0.001, out=work)
        np.sqrt(np.divide(second, 1 - 0.999**step, out=work), out=work)
        work += 1e-8
        np.divide(first, work, out=work)
        u += np.multiply(work, step_size / (1 - 0.9**step), out=work)
        if step % CHECK_EVERY == 0 and (np.multiply(u, slopes, out=work) * factor >= 0).all():
            break
    return u


def split_rows(
    slopes: NDArray, u: NDArray, *, solver: str, step_size: float, max_steps: int
) -> NDArray[np.int64]:
    """Environment of each row, 0 or 1; the mean slope is larger in environment 1.

    The penalty is convex in q, so that its maximum is a corner of the cube: all rows of positive
    slope on one side. That is what "exact" returns; "adam" starts from `u` and may stop earlier.
    """
    if solver == "exact" or not slopes.any():
        return (slopes > 0).astype(np.int64)
    ones = climb(slopes, u, step_size=step_size, max_steps=max_steps) > 0
    if ones.all() or not ones.any():  # one environment, named by the sign of what is in it
        return np.full(len(ones), int(slopes.sum() > 0))
    if slopes[ones].mean() < slopes[~ones].mean():
        ones = ~ones
    return ones.astype(np.int64)
