"""Small pictures of scores and their intervals, drawn as SVG."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from skgroup.auditing._markup import element
from skgroup.auditing._verdict import Score, Verdict

__all__ = ["Axis"]


@dataclass(frozen=True)
class Axis:
    """The range that all pictures of a page share."""

    low: float
    high: float

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> "Axis":
        """0 to 1, or all that there is to show where that is more."""
        scores = [s for v in verdicts for s in (v.average, *(g.score for g in v.groups))]
        ends = [end for s in scores for end in (s.value, s.low, s.high) if math.isfinite(end)]
        return cls(min([0.0, *ends]), max([1.0, *ends]))

    def place(self, value: float) -> str:
        """Where a value lies, in per cent of the width."""
        return f"{100 * (value - self.low) / (self.high - self.low):.2f}%"

    def interval(self, score: Score, average: float, told: str, class_: str) -> str:
        """A dot with its interval, and the average as a thin line."""
        parts = [self._tick(average)]
        if math.isfinite(score.low) and math.isfinite(score.high):
            parts.append(self._line(score.low, score.high, "span"))
        if math.isfinite(score.value):
            parts.append(self._dot(score.value, "dot"))
        return self._picture(parts, told, class_)

    def gap(self, worst: float, average: float, told: str, class_: str) -> str:
        """The score of the worst group, the average, and a line between the two."""
        if not (math.isfinite(worst) and math.isfinite(average)):
            return ""
        parts = [self._line(worst, average, "span"), self._tick(average), self._dot(worst, "dot")]
        return self._picture(parts, told, class_)

    def _picture(self, parts: list[str], told: str, class_: str) -> str:
        base = self._line(self.low, self.high, "base")
        return element("svg", base, *parts, class_=f"marks {class_}", role="img", aria_label=told)

    def _line(self, start: float, end: float, class_: str) -> str:
        ends = {"x1": self.place(start), "x2": self.place(end)}
        return element("line", **ends, y1="50%", y2="50%", class_=class_)

    def _tick(self, value: float) -> str:
        x = self.place(value)
        return element("line", x1=x, x2=x, y1="10%", y2="90%", class_="tick")

    def _dot(self, value: float, class_: str) -> str:
        return element("circle", cx=self.place(value), cy="50%", r="4.5", class_=class_)
