"""Opening a model by what a user calls it."""

import keras
import numpy as np
import pytest

from evrisim import InputError
from evrisim.opening import open_model


def small():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(2, 3, name="conv1")(inputs)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))


@keras.saving.register_keras_serializable("elsewhere")
class Foreign(keras.layers.Layer):
    def call(self, inputs):
        return inputs


def test_a_file_of_anybodys_gives_the_same_outputs(tmp_path):
    model = small()
    model.save(tmp_path / "mine.keras")
    opened = open_model(tmp_path / "mine.keras")
    images = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype("float32")
    np.testing.assert_array_equal(
        model.predict_on_batch(images), opened.model.predict_on_batch(images)
    )
    assert opened.name == "mine.keras"
    assert opened.run is None


def test_a_name_builds_the_model_for_the_size_asked():
    assert open_model("convnet").model.input_shape == (None, 32, 32, 3)
    model = open_model("resnet20", image_shape=(16, 24, 1), num_classes=4).model
    assert (model.input_shape, model.output_shape) == ((None, 16, 24, 1), (None, 4))


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'convnet'"):
        open_model("convnt")


def test_a_path_that_is_not_there_is_told_what_could_be_opened(tmp_path):
    with pytest.raises(InputError, match=r"There is no .*nosuch; give the folder of a run"):
        open_model(tmp_path / "nosuch")
    with pytest.raises(InputError, match=r"There is no file .*gone\.keras"):
        open_model(tmp_path / "gone.keras")


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"is not a run: it has no run\.json"):
        open_model(tmp_path)


@pytest.mark.parametrize("cut", [0, 10, 1000, -1])
def test_a_damaged_file_is_called_damaged_and_not_missing(tmp_path, cut):
    path = tmp_path / "cut.keras"
    small().save(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match="damaged"):
        open_model(path)


def test_other_formats_are_told_how_to_save(tmp_path):
    path = tmp_path / "weights.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(InputError, match=r"model\.save"):
        open_model(path)


def test_layers_of_elsewhere_are_named(tmp_path, monkeypatch):
    inputs = keras.Input((8, 8, 3))
    keras.Model(inputs, Foreign()(inputs)).save(tmp_path / "foreign.keras")
    monkeypatch.delitem(keras.saving.get_custom_objects(), "elsewhere>Foreign")
    monkeypatch.setattr(Foreign, "__module__", "elsewhere")
    with pytest.raises(InputError, match="Foreign"):
        open_model(tmp_path / "foreign.keras")


def test_code_in_a_file_is_not_run(tmp_path):
    inputs = keras.Input((8, 8, 3))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x + 1)(inputs)).save(tmp_path / "code.keras")
    with pytest.raises(InputError, match="code"):
        open_model(tmp_path / "code.keras")
