import csv
import sys

import numpy as np
import pytest
import torch

FOLDER, FILE = "civilcomments_v1.0", "all_data_with_identities.csv"
IDENTITIES = (
    "male",
    "female",
    "LGBTQ",
    "christian",
    "muslim",
    "other_religions",
    "black",
    "white",
)
PARTS = {"train": 36, "val": 12, "test": 12}


def comment(i):
    """Toxicity of every third comment, identities in turn; text, scores and identities."""
    toxic = i % 3 == 0
    named = [float(i % 2 == 0 and i // 2 % 8 == j) for j in range(8)]
    if i % 12 == 0:
        named[1] = 0.5  # a second identity, as clear as just enough
    words = [
        "awful" if toxic else "lovely",
        *(n for n, v in zip(IDENTITIES, named, strict=True) if v),
    ]
    return " ".join([*words, f"word{i % 5}"]), (0.5 if toxic else 0.49), named


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    root = tmp_path_factory.mktemp("home")
    (root / FOLDER).mkdir()
    parts = [part for part, n in PARTS.items() for _ in range(n)]
    with (root / FOLDER / FILE).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "comment_text", "split", "toxicity", *IDENTITIES])
        for i, part in enumerate(parts):
            text, toxicity, named = comment(i)
            writer.writerow([i, text, part, toxicity, *named])
    return root


def given(home, *more):
    return ["--data-home", str(home), "--encoder", "tiny", "--length", "6", "--epochs", "2",
            "--batch-size", "8", "--verbose", "0", *more]  # fmt: skip


def expected_sets():
    """Test rows by identity and label, counted from the comments themselves."""
    counts = {}
    for i in range(48, 60):
        _, toxicity, named = comment(i)
        label = "toxic" if toxicity >= 0.5 else "not toxic"
        for name, value in zip(IDENTITIES, named, strict=True):
            if value >= 0.5:
                counts[f"{name}, {label}"] = counts.get(f"{name}, {label}", 0) + 1
    return counts


def test_every_method_is_reported_in_every_identity_and_label(script, home, capsys):
    found = script.main(given(home))
    assert found.keys() == {"last", "whole"}
    for scores in found.values():
        assert len(scores) == 5
        for sets in scores.values():
            assert {name: n for name, (n, _) in sets.items()} == expected_sets()
    assert "| average | 12 |" in capsys.readouterr().out


def test_a_network_that_was_killed_ends_as_if_it_had_not_been(script, home, tmp_path, killed_after):
    whole = script.main(given(home, "--train", "whole"))
    again = given(home, "--train", "whole", "--checkpoints", str(tmp_path))
    left = killed_after(3, lambda: script.main(again))
    assert left.exists()
    assert script.main(again) == whole
    assert not list(tmp_path.iterdir())


def test_words_have_ids_that_do_not_depend_on_their_neighbours(script):
    tokens = script.hashed(["Good, good bird", "", "a bird"], 2)
    assert tokens["attention_mask"].tolist() == [[1, 1], [1, 0], [1, 1]]
    (first, second), _, (_, bird) = tokens["input_ids"].tolist()
    assert first == second != bird
    assert script.hashed(["bird"], 2)["input_ids"].tolist() == [[bird, 0]]


def test_padding_changes_nothing(script):
    body = script.Tiny(6).eval()
    short, long = (
        {k: torch.from_numpy(v) for k, v in script.hashed(["one lovely day"], n).items()}
        for n in (3, 6)
    )
    long["input_ids"][0, 3:] = 7  # whatever stands under the mask
    padded = body(**long)
    with torch.no_grad():
        body.places = torch.nn.Parameter(body.places[:3])
    torch.testing.assert_close(body(**short), padded, rtol=1e-5, atol=1e-6)


def test_the_mean_is_that_of_the_words_under_the_mask(script):
    values = torch.tensor([[[1.0], [3.0], [100.0]]])
    mask = torch.tensor([[1, 1, 0]])
    assert script.masked_mean(values, mask).tolist() == [[2.0]]


def test_texts_of_a_part_stay_with_their_labels(script, home):
    options = script.parser(None, optimizer="adam", lr=1e-3, weight_decay=0.0, batch_size=8)
    options = options.parse_args(["--data-home", str(home)])
    options.length = 6
    parts = script.load(options, script.hashed)
    for (split, part), start in zip(parts.items(), (0, 36, 48), strict=True):
        n = len(part.y)
        assert n == list(PARTS.values())[list(parts).index(split)]
        texts, toxicity, _ = zip(*(comment(i) for i in range(start, start + n)), strict=True)
        expected = script.hashed(list(texts), 6)["input_ids"]
        assert np.array_equal(part.X["input_ids"].numpy(), expected)
        assert part.y.tolist() == [int(t >= 0.5) for t in toxicity]


def test_missing_transformers_are_said_before_data_are_looked_for(script, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(SystemExit, match=r"needs transformers.*--encoder tiny"):
        script.main(["--data-home", str(tmp_path)])
