"""Batch normalisation through TensorFlow's fused kernel."""

from typing import Any

import keras
from keras import ops

LANES = 4
"""Channels the fused kernel works on at once: with a remainder it takes them one by one."""


@keras.saving.register_keras_serializable("evrisim")
class BatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation with Keras' numbers, in one kernel where TensorFlow has one.

    Keras 3.15 computes the layer as about ten elementwise operations over the whole feature map,
    in float32 even under bfloat16. For `(batch, rows, columns, channels)` feature maps on
    TensorFlow this layer calls `FusedBatchNormV3` instead, forward and backward: bfloat16 feature
    maps stay bfloat16 and the statistics are float32. In training that kernel is three to four
    times as slow on a processor where the channels are no multiple of 4; there, in float32, sums
    are taken as matrix products. On the other backends, for other ranks and
    axes, with a mask, with `renorm` or with `synchronized`, it is Keras' own layer.

    Arguments, variables and configuration are those of `keras.layers.BatchNormalization`, so
    weights can be exchanged between the two.

    Reference:
        Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise `inputs`; `training` uses and records the batch's own statistics."""
        if not self._fusible(inputs, mask):
            return super().call(inputs, training=training, mask=mask)
        if training and self.trainable:
            return self._with_batch_statistics(inputs)
        return self._fused(inputs, self.moving_mean, self.moving_variance, is_training=False)[0]

    def _fusible(self, inputs: Any, mask: Any) -> bool:
        return (
            keras.backend.backend() == "tensorflow"
            and len(inputs.shape) == 4
            and self.axis in (-1, 3)
            and mask is None
            and not (self.renorm or self.synchronized)
            and keras.backend.standardize_dtype(inputs.dtype) in ("float32", "float16", "bfloat16")
        )

    def _with_batch_statistics(self, inputs: Any) -> Any:
        dtype = keras.backend.standardize_dtype(inputs.dtype)
        if inputs.shape[-1] % LANES and dtype == "float32":
            outputs, mean, variance = self._by_products(inputs)
        else:
            outputs, mean, variance = self._fused(inputs, [], [], is_training=True)
            # The kernel reports the unbiased variance (n − 1); Keras records the biased one (n).
            count = ops.cast(ops.prod(ops.shape(inputs)[:3]), "float32")
            variance = variance * ((count - 1.0) / count)
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return outputs

    def _fused(self, inputs: Any, mean: Any, variance: Any, *, is_training: bool) -> tuple:
        import tensorflow as tf

        scale, offset = self._scale_and_offset(inputs.shape[-1])
        result = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=scale,
            offset=offset,
            mean=mean if is_training else tf.convert_to_tensor(mean),
            variance=variance if is_training else tf.convert_to_tensor(variance),
            epsilon=self.epsilon,
            is_training=is_training,
        )
        return result.y, result.batch_mean, result.batch_variance

    def _by_products(self, inputs: Any) -> tuple[Any, Any, Any]:
        scale, offset = self._scale_and_offset(inputs.shape[-1])
        return by_products(inputs, scale, offset, self.epsilon)

    def _scale_and_offset(self, channels: int) -> tuple[Any, Any]:
        import tensorflow as tf

        return (
            tf.convert_to_tensor(self.gamma) if self.scale else tf.ones([channels]),
            tf.convert_to_tensor(self.beta) if self.center else tf.zeros([channels]),
        )


def by_products(inputs: Any, scale: Any, offset: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """Normalise by the batch's statistics, all sums over pixels as products with a row of ones.

    Args:
        inputs: TensorFlow tensor `(batch, rows, columns, channels)`, float32.
        scale: `(channels,)`, what the normalised values are multiplied by.
        offset: `(channels,)`, added to them.
        epsilon: Added to the variance.

    Returns:
        What comes out, `(batch, rows, columns, channels)`, and the mean and biased variance of
        each channel, through which no gradient flows.
    """
    import tensorflow as tf

    def mean(values: Any) -> Any:
        count = tf.shape(values)[0]
        share = tf.fill((1, count), 1.0 / tf.cast(count, values.dtype))
        return tf.matmul(share, values)[0]

    @tf.custom_gradient
    def normalised(inputs: Any, scale: Any, offset: Any) -> tuple[Any, Any]:
        pixels = tf.reshape(inputs, (-1, inputs.shape[-1]))
        centre = mean(pixels)
        centred = pixels - centre
        variance = mean(centred * centred)
        inverse = tf.math.rsqrt(variance + epsilon)
        outputs = centred * (inverse * scale) + offset

        def gradient(slopes: Any, _centre: Any, _variance: Any) -> tuple[Any, Any, Any]:
            slopes = tf.reshape(slopes, tf.shape(pixels))
            level, along = mean(slopes), mean(slopes * centred)
            fitted = slopes - level - centred * (inverse * inverse * along)
            count = tf.cast(tf.shape(pixels)[0], pixels.dtype)
            back = tf.reshape(fitted * (inverse * scale), tf.shape(inputs))
            return back, count * along * inverse, count * level

        return (tf.reshape(outputs, tf.shape(inputs)), centre, variance), gradient

    return normalised(inputs, scale, offset)
