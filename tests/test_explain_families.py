"""Nets of other people's making get maps with no layer named, also after a way over the disk."""

import keras
import numpy as np
import pytest

from evrisim import explain
from evrisim.metrics import softmax

SIZE = 64
LAST = {  # what its name begins with
    "EfficientNetB0": "top_activation",
    "MobileNetV2": "out_relu",
    "ConvNeXtTiny": "layer_normalization",
    "ResNet50": "conv5_block3_out",
    "VGG16": "block5_pool",
}


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("name", LAST)
def test_a_net_of_keras_is_explained_as_it_is_and_from_disk(name, tmp_path):
    base = getattr(keras.applications, name)(
        weights=None, include_top=False, input_shape=(SIZE, SIZE, 3)
    )
    pooled = keras.layers.GlobalAveragePooling2D()(base.output)
    model = keras.Model(base.input, keras.layers.Dense(5, activation="softmax")(pooled))
    images = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3)).astype(np.uint8)
    found = explain.grad_cam(model, images)
    assert found.layer.startswith(LAST[name])
    assert found.maps.shape == (3, 2, 2)
    assert np.isfinite(found.maps).all()
    logits = explain.prepare(model)(images, "all").scores
    said = model.predict_on_batch(images.astype(np.float32))
    np.testing.assert_allclose(softmax(logits), said, atol=1e-4)
    model.save(tmp_path / "net.keras")
    again = explain.grad_cam(keras.models.load_model(tmp_path / "net.keras"), images)
    assert again.layer == found.layer
    np.testing.assert_allclose(again.maps, found.maps, atol=1e-5 * max(found.maps.max(), 1))
