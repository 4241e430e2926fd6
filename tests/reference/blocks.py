"""Blocks once more, in NumPy and float64: sums over windows, and the papers' order of things.

Each takes the arrays of a model by the names of its layers, as `weights_of` gives them.
"""

import numpy as np

EPSILON = 1e-3


def weights_of(model):
    """The arrays of every layer that has some, by the layer's name."""
    return {
        layer.name: [np.asarray(one, np.float64) for one in layer.get_weights()]
        for layer in model.layers
        if layer.get_weights()
    }


def conv(x, arrays, strides=1):
    """A convolution with zeros around, so that the output has ceil(size / strides) places.

    Where kernels are less deep than there are channels, these are divided into groups.
    """
    kernel, *bias = arrays
    rows, columns, deep, filters = kernel.shape
    x = bordered(x, rows, columns, strides)
    high, wide = ((x.shape[i + 1] - kernel.shape[i]) // strides + 1 for i in (0, 1))
    out = np.zeros((len(x), high, wide, filters))
    groups = x.shape[-1] // deep
    each = filters // groups
    for row in range(high):
        for column in range(wide):
            top, left = row * strides, column * strides
            window = x[:, top : top + rows, left : left + columns]
            for part in range(groups):
                seen = window[..., part * deep : (part + 1) * deep]
                made = slice(part * each, (part + 1) * each)
                out[:, row, column, made] = np.einsum("nrcd,rcdf->nf", seen, kernel[..., made])
    return out + (bias[0] if bias else 0)


def depthwise(x, arrays, strides=1):
    """Each channel with a kernel of its own."""
    kernel, *bias = arrays
    parts = [
        conv(x[..., one : one + 1], [kernel[:, :, one : one + 1]], strides)
        for one in range(kernel.shape[2])
    ]
    return np.concatenate(parts, -1) + (bias[0] if bias else 0)


def bordered(x, rows, columns, strides):
    """Zeros around, as many as Keras' "same" has: the odd one below and at the right."""
    border = [(0, 0)]
    for size, kernel in ((x.shape[1], rows), (x.shape[2], columns)):
        more = max((-(-size // strides) - 1) * strides + kernel - size, 0)
        border.append((more // 2, more - more // 2))
    return np.pad(x, [*border, (0, 0)])


def batch_norm(x, arrays):
    """With the mean and the variance that were learnt."""
    scale, shift, mean, variance = arrays
    return (x - mean) / np.sqrt(variance + EPSILON) * scale + shift


def layer_norm(x, arrays, epsilon=1e-6):
    """Over the channels of a pixel."""
    scale, shift = arrays
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * scale + shift


def relu(x):
    return np.maximum(x, 0)


def relu6(x):
    return np.clip(x, 0, 6)


def gelu(x):
    """Each number times the normal distribution's share below x."""
    from scipy.special import ndtr

    return x * ndtr(x)


def excited(x, w, name):
    """Each map times a weight that all maps' means decide."""
    if f"{name}_se_reduce" not in w:
        return x
    (reduce, a), (excite, b) = w[f"{name}_se_reduce"], w[f"{name}_se_excite"]
    hidden = relu(x.mean((1, 2)) @ reduce + a)
    return x * (1 / (1 + np.exp(-(hidden @ excite + b))))[:, None, None]


def shortcut(x, w, name, strides):
    if f"{name}_shortcut_conv" not in w:
        return x
    around = conv(x, w[f"{name}_shortcut_conv"], strides)
    return batch_norm(around, w[f"{name}_shortcut_norm"])


def basic(x, w, name, strides=1):
    y = relu(batch_norm(conv(x, w[f"{name}_conv1"], strides), w[f"{name}_norm1"]))
    y = batch_norm(conv(y, w[f"{name}_conv2"]), w[f"{name}_norm2"])
    return relu(shortcut(x, w, name, strides) + excited(y, w, name))


def bottleneck(x, w, name, strides=1):
    y = relu(batch_norm(conv(x, w[f"{name}_conv1"]), w[f"{name}_norm1"]))
    y = relu(batch_norm(conv(y, w[f"{name}_conv2"], strides), w[f"{name}_norm2"]))
    y = batch_norm(conv(y, w[f"{name}_conv3"]), w[f"{name}_norm3"])
    return relu(shortcut(x, w, name, strides) + excited(y, w, name))


resnext = bottleneck  # but for its groups, which the kernels tell


def preactivation(x, w, name, strides=1):
    ready = relu(batch_norm(x, w[f"{name}_norm1"]))
    changed = f"{name}_shortcut_conv"
    around = conv(ready, w[changed], strides) if changed in w else x
    y = relu(batch_norm(conv(ready, w[f"{name}_conv1"], strides), w[f"{name}_norm2"]))
    return around + excited(conv(y, w[f"{name}_conv2"]), w, name)


def preactivation_bottleneck(x, w, name, strides=1):
    ready = relu(batch_norm(x, w[f"{name}_norm1"]))
    changed = f"{name}_shortcut_conv"
    around = conv(ready, w[changed], strides) if changed in w else x
    y = relu(batch_norm(conv(ready, w[f"{name}_conv1"]), w[f"{name}_norm2"]))
    y = relu(batch_norm(conv(y, w[f"{name}_conv2"], strides), w[f"{name}_norm3"]))
    return around + excited(conv(y, w[f"{name}_conv3"]), w, name)


def plain(x, w, name, strides=1):
    y = conv(x, w[f"{name}_conv"])
    if strides == 2:
        high, wide = y.shape[1] // 2, y.shape[2] // 2
        y = y[:, : 2 * high, : 2 * wide].reshape(len(y), high, 2, wide, 2, -1).max((2, 4))
    return excited(relu(batch_norm(y, w[f"{name}_norm"])), w, name)


def plain_pair(x, w, name, strides=1):
    y = relu(batch_norm(conv(x, w[f"{name}_conv1"], strides), w[f"{name}_norm1"]))
    return relu(excited(batch_norm(conv(y, w[f"{name}_conv2"]), w[f"{name}_norm2"]), w, name))


def separable(x, w, name, strides=1):
    y = relu(batch_norm(depthwise(x, w[f"{name}_depthwise"], strides), w[f"{name}_norm1"]))
    return excited(relu(batch_norm(conv(y, w[f"{name}_conv"]), w[f"{name}_norm2"])), w, name)


def inverted(x, w, name, strides=1):
    y = relu(batch_norm(conv(x, w[f"{name}_expand"]), w[f"{name}_norm1"]))
    y = relu(batch_norm(depthwise(y, w[f"{name}_depthwise"], strides), w[f"{name}_norm2"]))
    y = batch_norm(conv(excited(y, w, name), w[f"{name}_project"]), w[f"{name}_norm3"])
    return x + y if y.shape == x.shape else y


def convnext(x, w, name, strides=1):
    if f"{name}_down_conv" in w:
        x = conv(layer_norm(x, w[f"{name}_down_norm"]), w[f"{name}_down_conv"], strides)
    y = layer_norm(depthwise(x, w[f"{name}_depthwise"]), w[f"{name}_norm"])
    (wide, a), (narrow, b) = w[f"{name}_expand"], w[f"{name}_project"]
    return x + excited((gelu(y @ wide + a) @ narrow + b) * w[f"{name}_scale"][0], w, name)


def dense(x, w, name, strides=1):
    if strides == 2:
        kind = f"{name}_transition"
        x = conv(relu(batch_norm(x, w[f"{kind}_norm"])), w[f"{kind}_conv"])
        high, wide = -(-x.shape[1] // 2), -(-x.shape[2] // 2)
        x = np.stack(
            [
                [x[:, 2 * r : 2 * r + 2, 2 * c : 2 * c + 2].mean((1, 2)) for c in range(wide)]
                for r in range(high)
            ]
        ).transpose(2, 0, 1, 3)
    y = conv(relu(batch_norm(x, w[f"{name}_norm1"])), w[f"{name}_conv1"])
    y = conv(relu(batch_norm(y, w[f"{name}_norm2"])), w[f"{name}_conv2"])
    return np.concatenate([x, excited(y, w, name)], -1)
