"""From features and gradients to a map: what sets the gradient-based methods apart.

Every function takes features and gradients `(batch, rows, columns, channels)` and gives maps
`(batch, rows, columns)`, at least 0. Gradients that are the same at every position may
come as `(batch, 1, 1, channels)`. Written with `keras.ops`, so they are compiled with the pass.
"""

from typing import Any

from keras import ops

_TINY = 1e-6


def grad_cam(features: Any, slopes: Any) -> Any:
    """Weigh each channel by its mean gradient.

    Reference:
        Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391, eq. 1 and 2.
    """
    features, slopes = _float(features), _float(slopes)
    return ops.relu(ops.einsum("brck,bk->brc", features, ops.mean(slopes, axis=(1, 2))))


def hirescam(features: Any, slopes: Any) -> Any:
    """Weigh each number by its own gradient: the map is what the numbers add to the score.

    Reference:
        Draelos and Carin 2020, https://arxiv.org/abs/2011.08891.
    """
    return ops.relu(ops.sum(_float(features) * _float(slopes), axis=-1))


def layer_cam(features: Any, slopes: Any) -> Any:
    """Weigh each number by its own gradient where that is positive.

    Reference:
        Jiang et al. 2021, LayerCAM, https://doi.org/10.1109/TIP.2021.3089943, eq. 6 and 7.
    """
    return ops.relu(ops.sum(_float(features) * ops.relu(_float(slopes)), axis=-1))


def grad_cam_plus_plus(features: Any, slopes: Any) -> Any:
    """Weigh each channel by its positive gradients, those more that stand nearly alone.

    As in the paper the score is taken to its exponential, whose derivatives of higher order are
    powers of the gradient; its own factor is the same for all of an image and left out.

    Reference:
        Chattopadhyay et al. 2018, https://arxiv.org/abs/1710.11063, eq. 10, 12 and 19.
    """
    features, slopes = _float(features), _float(slopes)
    # Equation 19, reduced by the squared gradient; where that is 0 nothing is weighed.
    below = 2 + ops.sum(features, axis=(1, 2), keepdims=True) * slopes
    alphas = ops.where(ops.abs(below) > _TINY, 1 / ops.where(below == 0, 1.0, below), 0.0)
    shares = ops.broadcast_to(alphas * ops.relu(slopes), ops.shape(features))
    weights = ops.sum(shares, axis=(1, 2))
    return ops.relu(ops.einsum("brck,bk->brc", features, weights))


def xgrad_cam(features: Any, slopes: Any) -> Any:
    """Weigh each channel by its gradients, each by the share its number has in the channel.

    Reference:
        Fu et al. 2020, https://arxiv.org/abs/2008.02312, eq. 8.
    """
    features, slopes = _float(features), _float(slopes)
    total = ops.sum(features, axis=(1, 2))
    met = ops.sum(features * slopes, axis=(1, 2))
    weights = ops.where(ops.abs(total) > _TINY, met / ops.where(total == 0, 1.0, total), 0.0)
    return ops.relu(ops.einsum("brck,bk->brc", features, weights))


def _float(values: Any) -> Any:
    return ops.cast(values, "float32")
