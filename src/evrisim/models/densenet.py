"""DenseNet-BC for small images."""

import keras

from evrisim.blocks import Style, conv, dense, detect
from evrisim.blocks import norm as normalise
from evrisim.blocks.parts import has_bias
from evrisim.models.parts import images_input, logits_head
from evrisim.models.staged import STAGES, blocks_for


def densenet(
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    depth: int = 40,
    growth: int = 12,
    norm: str = "batch",
    squeeze: int = 0,
    dropout: float = 0.0,
) -> keras.Model:
    """Build DenseNet-BC: three stages in which every layer is given all maps before it.

    Args:
        image_shape: `(rows, columns, channels)`; rows and columns at least 8.
        num_classes: Number of logits.
        depth: Layers with weights: 4 more than a multiple of 6.
        growth: Feature maps that each layer adds.
        norm: `batch`, `layer`, `group` or `none`.
        squeeze: What squeeze-and-excite divides the channels by; 0 leaves it out.
        dropout: Share of averaged features dropped in training, 0 to 1.

    Reference:
        Huang et al. 2017, https://arxiv.org/abs/1608.06993: 0.8 million parameters at depth 100
        and growth 12.
    """
    layers = blocks_for(depth, 2, extra=4)
    style = Style(norm=norm, squeeze=squeeze)
    inputs, x = images_input(image_shape)
    x = conv(x, 2 * growth, 3, bias=has_bias(style), name="stem_conv")
    for stage in range(STAGES):
        for number in range(layers):
            name = f"stage{stage + 1}_block{number + 1}"
            x = dense(x, growth, name=name, strides=1 if number or not stage else 2, style=style)
    x = detect(normalise(x, style, name="last_norm"), style, name="last")
    return keras.Model(inputs, logits_head(x, num_classes, dropout=dropout), name="densenet")
