"""CivilComments through a transformer encoder: its last layer, then the whole network.

    python civilcomments_transformer.py --data-home FOLDER --encoder distilbert-base-uncased \\
        --device cuda --amp --checkpoints checkpoints

FOLDER holds `civilcomments_v1.0/all_data_with_identities.csv`. Training groups are whether a
comment names any of eight identities, crossed with its label; tables show the 16 sets of an
identity and a label, which overlap. Groups are inferred from gradients of the last layer on what
the encoder gives for a comment before any training here. The best epoch is chosen on the
validation part: by average accuracy for ERM, by the worst group, true or inferred, for the rest.

`--encoder` is a name or a folder that `transformers`, which has to be installed, can load, or
`tiny`: an untrained one of a single layer on hashed words, to try things out.
"""

import argparse
import re
from zlib import crc32

import numpy as np
import torch
from _compare import Network, Part, compare, parser
from torch import Tensor, nn

from skgroup.datasets import fetch_civilcomments

N_WORDS, WIDTH = 2000, 32  # of the tiny encoder


class Tiny(nn.Module):
    """Words by their hash, one layer of attention, the mean over words."""

    def __init__(self, length: int):
        super().__init__()
        self.words = nn.Embedding(N_WORDS, WIDTH)
        self.places = nn.Parameter(torch.zeros(length, WIDTH))
        layer = nn.TransformerEncoderLayer(WIDTH, 4, 2 * WIDTH, dropout=0.0, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        values = self.words(input_ids) + self.places
        values = self.layers(values, src_key_padding_mask=attention_mask == 0)
        return masked_mean(values, attention_mask)


class Encoder(nn.Module):
    """An encoder of `transformers`; a comment is the mean over its tokens."""

    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        values = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        return masked_mean(values.last_hidden_state, attention_mask)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    weight = mask.unsqueeze(-1).to(values.dtype)
    return (values * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)


def hashed(texts: list[str], length: int) -> dict[str, np.ndarray]:
    """Ids of words and a mask, as tokenisers give them; a comment without words keeps one id."""
    ids = np.zeros((len(texts), length), dtype=np.int64)
    mask = np.zeros_like(ids)
    for i, text in enumerate(texts):
        words = re.findall(r"\w+", text.lower())[:length] or [""]
        ids[i, : len(words)] = [1 + crc32(word.encode()) % (N_WORDS - 1) for word in words]
        mask[i, : len(words)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def pretrained(name: str):
    """Encoder, its width, and a function from texts and length to arrays."""
    try:
        from transformers import AutoModel, AutoTokenizer
    except ImportError as error:
        raise SystemExit(
            f"--encoder {name} needs transformers, and importing it failed: {error}. Install it, "
            "or try things out with --encoder tiny."
        ) from error
    # Which model is the user's to choose; weights that are a pickle are refused.
    tokenizer = AutoTokenizer.from_pretrained(name)  # nosec B615
    encoder = AutoModel.from_pretrained(name, use_safetensors=True)  # nosec B615

    def tokenize(texts, length):
        found = tokenizer(
            texts, truncation=True, max_length=length, padding="max_length", return_tensors="np"
        )
        return {k: found[k].astype(np.int64) for k in ("input_ids", "attention_mask")}

    return Encoder(encoder), encoder.config.hidden_size, tokenize


def build(options: argparse.Namespace):
    """The network, and what turns texts into its input."""
    with torch.random.fork_rng():
        torch.manual_seed(options.seed)
        if options.encoder == "tiny":
            body, width, tokenize = Tiny(options.length), WIDTH, hashed
        else:
            body, width, tokenize = pretrained(options.encoder)
        return Network(body, width, amp=options.amp), tokenize


def load(options: argparse.Namespace, tokenize) -> dict[str, Part]:
    """Tokens, classes and groups of the three parts."""
    found = fetch_civilcomments(data_home=options.data_home, download_if_missing=options.download)
    parts = {}
    for split in ("train", "validation", "test"):
        rows = found[split][: options.max_rows]
        y = found.target[rows]
        tokens = tokenize(found.data[rows].tolist(), options.length)
        X = {name: torch.from_numpy(values) for name, values in tokens.items()}
        sets = {
            f"{name}, {label}": found.identities[rows, i] & (y == code)
            for i, name in enumerate(found.identity_names)
            for code, label in enumerate(found.target_names)
        }
        parts[split] = Part(X, y, found.groups[rows], sets)
    return parts


def main(given: list[str] | None = None) -> dict:
    options = parser(__doc__, optimizer="adamw", lr=1e-5, weight_decay=1e-2, batch_size=16)
    options.add_argument("--encoder", default="distilbert-base-uncased")
    options.add_argument("--length", type=int, default=220, help="tokens of a comment")
    options = options.parse_args(given)
    network, tokenize = build(options)  # what is missing is said before the table is read
    return compare(load(options, tokenize), network, options)


if __name__ == "__main__":
    main()
