"""What a training shows of its epochs: a bar, or a line each."""

from typing import Any

from tqdm.auto import tqdm

from skgroup._tell import tell

__all__ = ["EpochReport"]


class EpochReport:
    """Use it as a context, and give it the history's row after each epoch.

    Parameters
    ----------
    stage : str
        Tells the trainings of one fit apart.
    done, total : int
        Epochs before, and altogether.
    verbose : int
        0: nothing; 1: one bar; 2: a line for each epoch.
    """

    def __init__(self, stage: str, done: int, total: int, verbose: int):
        self.name = "training" if stage == "fit" else f"{stage} training"
        self.done, self.total, self.verbose = done, total, verbose

    def __enter__(self) -> "EpochReport":
        self.bar = tqdm(
            total=self.total, initial=self.done, desc=self.name, disable=self.verbose != 1,
            unit="epoch",
        )  # fmt: skip
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def show(self, row: dict[str, Any]) -> None:
        """Show the record of one more epoch."""
        self.done += 1
        shown = _figures(row)
        self.bar.update()
        self.bar.set_postfix(shown)
        figures = ", ".join(f"{name} {value}" for name, value in shown.items())
        tell(self.verbose, self.name, f"epoch {self.done}/{self.total}: {figures}", least=2)


def _figures(row: dict[str, Any]) -> dict[str, str]:
    accuracy = [a for a in row.get("valid_group_accuracy", row["group_accuracy"]) if a == a]
    average = row.get("valid_accuracy", row["train_accuracy"])
    shown = {"loss": row["train_loss"], "average": average, "worst group": min(accuracy)}
    return {name: f"{value:.3f}" for name, value in shown.items()}
