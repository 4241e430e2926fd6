"""Batch normalisation through TensorFlow's fused kernel."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("evrisim")
class BatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation with Keras' numbers, in one kernel where TensorFlow has one.

    Keras 3.15 computes the layer as about ten elementwise operations over the whole feature map,
    in float32 even under bfloat16. For `(batch, rows, columns, channels)` feature maps on
    TensorFlow this layer calls `FusedBatchNormV3` instead, forward and backward: bfloat16 feature
    maps stay bfloat16 and the statistics are float32. On the other backends, for other ranks and
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
        outputs, mean, variance = self._fused(inputs, [], [], is_training=True)
        # The kernel reports the unbiased variance (n − 1); Keras records the biased one (n).
        count = ops.cast(ops.prod(ops.shape(inputs)[:3]), "float32")
        variance = variance * ((count - 1.0) / count)
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return outputs

    def _fused(self, inputs: Any, mean: Any, variance: Any, *, is_training: bool) -> tuple:
        import tensorflow as tf

        channels = inputs.shape[-1]
        result = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(self.gamma) if self.scale else tf.ones([channels]),
            offset=tf.convert_to_tensor(self.beta) if self.center else tf.zeros([channels]),
            mean=mean if is_training else tf.convert_to_tensor(mean),
            variance=variance if is_training else tf.convert_to_tensor(variance),
            epsilon=self.epsilon,
            is_training=is_training,
        )
        return result.y, result.batch_mean, result.batch_variance
