"""evrisim: a convnet laboratory on Keras 3.

Give it images; it trains a convnet, says honestly how good it is, shows where it looks, and settles
design questions by experiment.
"""

import os

from evrisim._lazy import front

# TensorFlow uses oneDNN unasked only on processors with AVX-512 VNNI or newer. With AVX2 alone its
# convolutions train about 1.6 times as fast, too. It is read when TensorFlow is first imported.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

__version__ = "0.1.0"

_MODULES = {
    "DataSet": "evrisim.data.dataset",
    "InputError": "evrisim._validate",
    "ModelChoice": "evrisim.training.workbench",
    "Recipe": "evrisim.training.recipe",
    "Run": "evrisim.training.run",
    "Source": "evrisim.data.source",
    "Split": "evrisim.data.dataset",
    "augment": "evrisim.augment",
    "backbones": "evrisim.backbones",
    "blocks": "evrisim.blocks",
    "corruptions": "evrisim.corruptions",
    "cost": "evrisim.cost",
    "evaluate": "evrisim.evaluate",
    "experiments": "evrisim.experiments",
    "explain": "evrisim.explain",
    "features": "evrisim.features",
    "fit": "evrisim.training.fitting",
    "kernels": "evrisim.kernels",
    "layers": "evrisim.layers",
    "load": "evrisim.data.sources",
    "models": "evrisim.models",
    "normalising": "evrisim.normalising",
    "open_model": "evrisim.opening",
    "pooling": "evrisim.pooling",
    "robustness": "evrisim.robustness",
    "study": "evrisim.study",
    "train_run": "evrisim.workflow",
    "transfer": "evrisim.transfer",
}

__getattr__, __all__ = front(__name__, _MODULES)
