"""Grad-CAM and HiResCAM beside a PyTorch net of the same weights, differentiated by PyTorch."""

import keras
import numpy as np
import pytest
from keras import layers

from evrisim import explain
from test_explain import images_of

torch = pytest.importorskip("torch")


def nets(head):
    """The same net twice: in Keras, and as a function of PyTorch's own to features and logits."""
    inputs = keras.Input((12, 12, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(8, 3, activation="relu", name="first")(x)
    x = layers.MaxPooling2D()(x)
    maps = layers.Conv2D(6, 3, activation="relu", name="maps")(x)
    end = layers.GlobalAveragePooling2D() if head == "pooled" else layers.Flatten()
    model = keras.Model(inputs, layers.Dense(4, name="end")(end(maps)))

    def weights(name):
        kernel, bias = (keras.ops.convert_to_numpy(w) for w in model.get_layer(name).weights)
        order = (3, 2, 0, 1) if kernel.ndim == 4 else (1, 0)
        return torch.tensor(kernel.transpose(order).copy()), torch.tensor(np.array(bias))

    def theirs(images):
        x = torch.tensor(images.transpose(0, 3, 1, 2).astype(np.float32)) / 255
        x = torch.relu(torch.nn.functional.conv2d(x, *weights("first")))
        x = torch.nn.functional.max_pool2d(x, 2)
        features = torch.relu(torch.nn.functional.conv2d(x, *weights("maps")))
        features.retain_grad() if features.requires_grad else features.requires_grad_(True)
        last = (
            features.mean(dim=(2, 3))
            if head == "pooled"
            else (features.permute(0, 2, 3, 1).reshape(len(images), -1))
        )
        return features, torch.nn.functional.linear(last, *weights("end"))

    return model, theirs


@pytest.mark.parametrize("head", ["pooled", "flat"])
@pytest.mark.parametrize("method", ["grad-cam", "hirescam"])
def test_maps_equal_those_of_a_net_of_pytorch(head, method):
    model, theirs = nets(head)
    images, wanted = images_of(5), np.array([0, 1, 2, 3, 1])
    with torch.enable_grad():
        features, logits = theirs(images)
        logits[torch.arange(5), torch.tensor(wanted)].sum().backward()
    slopes = features.grad.mean(dim=(2, 3), keepdim=True) if method == "grad-cam" else features.grad
    expected = torch.relu((features * slopes).sum(dim=1)).detach().numpy()
    found = explain.explain(model, images, wanted, method=method)
    assert found.layer == "maps"
    assert found.maps.max() > 0
    np.testing.assert_allclose(found.maps, expected, atol=1e-4 * found.maps.max())
    np.testing.assert_allclose(
        found.scores, logits.detach().numpy()[np.arange(5), wanted], atol=1e-5
    )
