"""What policies and methods are, in a line each, and a draw said in words."""

from dataclasses import fields
from typing import Any

import numpy as np

from evrisim.augment.mix import label_shares
from evrisim.augment.policies import METHODS
from evrisim.augment.steps import MIXING, Code, Step
from evrisim.messages import numbers
from evrisim.messages import translate as _


def policies() -> dict[str, str]:
    """Say what each shipped policy is and when to take it."""
    return {
        "none": _("nothing: to see what augmentation is worth"),
        "standard": _("mirrored, and moved by up to an eighth: begin with it, but not for writing"),
        "course": _(
            "the layers of the course's slide, flip to contrast: for things seen at any angle"
        ),
        "colour": _("light and colours only: where shape and place must stay"),
        "strong": _(
            "standard, two of RandAugment's changes, erasing: for what overfits all the same"
        ),
        "rand-augment": _("two of fourteen changes, all as strong: where nobody knows which suit"),
        "trivial-augment": _("one change of any strength: the same, with nothing to tune"),
        "augmix": _(
            "chains of changes blended with the image: for images that come noisy or blurred"
        ),
        "cutout": _("a grey square over a part: against models that look at one detail"),
        "mixup": _("two images and their labels blended: for classes that are easily confused"),
        "cutmix": _("a box of another image and its share of the label: for long trainings"),
        "mixup-cutmix": _("one of the two for each batch: as in the longest recipes"),
    }


def methods() -> dict[str, str]:
    """Say what each method does."""
    return {
        "flip": _("mirror, or not"),
        "padded-crop": _("move by whole pixels"),
        "crop": _("cut out a window of one size and enlarge it"),
        "resized-crop": _("cut out a window of any size and shape and enlarge it"),
        "rotation": _("turn about the middle; 0.1 is ±36°"),
        "zoom": _("nearer or farther"),
        "translation": _("move, by parts of a pixel too"),
        "shear": _("slant"),
        "brightness": _("add one number to all values"),
        "contrast": _("stretch about each channel's mean"),
        "saturation": _("from or towards grey"),
        "hue": _("turn the colour circle"),
        "grey": _("take the colours out of some"),
        "sharpness": _("sharpen or soften"),
        "posterise": _("keep the highest bits only"),
        "solarise": _("negative from a threshold on"),
        "equalise": _("make all tones of some as frequent"),
        "autocontrast": _("stretch some to the whole range"),
        "invert": _("turn some into their negative"),
        "blur": _("blur with a Gaussian"),
        "noise": _("add normal noise"),
        "jpeg": _("compress as JPEG does"),
        "erase": _("overwrite a random rectangle of some"),
        "cutout": _("overwrite a square"),
        "mixup": _("blend two images and their labels"),
        "cutmix": _("paste a box of another image, and its share of the label"),
        "either": _("one of several mixings"),
        "rand-augment": _("so many elementary changes, all as strong"),
        "trivial-augment": _("one elementary change of any strength"),
        "augmix": _("chains of elementary changes, blended"),
    }


SOURCES = {
    "flip": "Keras RandomFlip",
    "padded-crop": "He et al. 2016",
    "crop": "Keras RandomCrop",
    "resized-crop": "Szegedy et al. 2015",
    "rotation": "Keras RandomRotation",
    "zoom": "Keras RandomZoom",
    "translation": "Keras RandomTranslation",
    "shear": "Keras RandomShear",
    "brightness": "Keras RandomBrightness",
    "contrast": "Keras RandomContrast",
    "saturation": "Pillow Color",
    "hue": "Keras RandomHue",
    "grey": "Keras RandomGrayscale",
    "sharpness": "Pillow Sharpness",
    "posterise": "Pillow posterize",
    "solarise": "Pillow solarize",
    "equalise": "Pillow equalize",
    "autocontrast": "Pillow autocontrast",
    "invert": "Pillow invert",
    "jpeg": "ITU-T T.81",
    "erase": "Zhong et al. 2017",
    "cutout": "DeVries & Taylor 2017",
    "mixup": "Zhang et al. 2018",
    "cutmix": "Yun et al. 2019",
    "rand-augment": "Cubuk et al. 2020",
    "trivial-augment": "Müller & Hutter 2021",
    "augmix": "Hendrycks et al. 2020",
}
"""The paper of a method, or what it agrees with; blur and noise have none."""


def settings(name: str) -> dict[str, Any]:
    """Give the settings of a method with their defaults, as a policy file would write them.

    Example:
        >>> settings("either")
        {'parts': ['mixup', 'cutmix'], 'weights': [], 'per': 'batch'}
    """
    made = METHODS[name]()
    return {field.name: _written(getattr(made, field.name)) for field in fields(made)}


def _written(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_written(one) for one in value]
    names = {method: name for name, method in METHODS.items()}
    return names.get(type(value), value)


def changes() -> dict[Code, str]:
    """Name each kind of step."""
    return {
        Code.KEEP: _("nothing"),
        Code.MOVE: _("moved"),
        Code.TONE: _("brightness"),
        Code.CONTRAST: _("contrast"),
        Code.SATURATION: _("saturation"),
        Code.HUE: _("hue"),
        Code.SHARPNESS: _("sharpness"),
        Code.POSTERISE: _("posterised"),
        Code.SOLARISE: _("solarised"),
        Code.EQUALISE: _("equalised"),
        Code.AUTOCONTRAST: _("autocontrast"),
        Code.INVERT: _("negative"),
        Code.BLUR: _("blurred"),
        Code.NOISE: _("noise"),
        Code.JPEG: _("JPEG"),
        Code.ERASE: _("erased"),
        Code.BEGIN: _("a chain begins"),
        Code.ADD: _("a chain ends"),
        Code.BLEND: _("blended"),
        Code.MIXUP: _("MixUp"),
        Code.CUTMIX: _("CutMix"),
    }


def in_words(one: Step, number: int, size: tuple[int, int]) -> str:
    """Say what a step does to one image of a batch, with the numbers drawn for it.

    Args:
        one: Of a draw.
        number: Which image.
        size: Rows and columns.
    """
    code = Code(int(np.asarray(one.codes)[number]))
    values = np.asarray(one.values, np.float64)[number]
    if code == Code.MOVE:
        return _moved(values)
    name = changes()[code]
    if code in MIXING:
        partner, own = label_shares(one, size)
        share = numbers.percent(1.0 if partner[number] == number else float(own[number]), 0)
        return _("{name}: {share} its own").format(name=name, share=share)
    told = {
        Code.TONE: lambda: _tone(values),
        Code.CONTRAST: lambda: f"× {numbers.decimal(values[0])}",
        Code.SATURATION: lambda: _("none") if values[0] == 0 else f"× {numbers.decimal(values[0])}",
        Code.SHARPNESS: lambda: f"× {numbers.decimal(values[0])}",
        Code.HUE: lambda: f"{_plus(values[0])}{numbers.decimal(360 * values[0], 0)}°",
        Code.POSTERISE: lambda: _("{count} bits").format(count=int(values[0])),
        Code.SOLARISE: lambda: _("from {level} on").format(level=int(values[0])),
        Code.BLUR: lambda: f"σ = {numbers.decimal(values[0], 1)}",
        Code.NOISE: lambda: f"σ = {numbers.decimal(values[0], 1)}",
        Code.JPEG: lambda: str(int(values[0])),
        Code.ERASE: lambda: f"{int(values[2] - values[0])}×{int(values[3] - values[1])}",
        Code.BLEND: lambda: numbers.percent(values[0], 0),
    }.get(code)
    return name if told is None else _unbroken(f"{name} {told()}")


def _unbroken(text: str) -> str:
    """Keep a word and its number on one line."""
    return text.replace(" ", "\u00a0")


def _tone(values: np.ndarray) -> str:
    gain, shift = values[:2]
    if gain == 1:
        return _plus(shift) + numbers.decimal(shift, 0)
    return f"× {numbers.decimal(gain)}"


def _plus(value: float) -> str:
    return "+" if value >= 0 else ""


def _moved(values: np.ndarray) -> str:
    """Say a move by what it does to what is seen: mirrored, turned, how large, how far."""
    seen = np.linalg.inv(_invertible(values[[0, 1, 3, 4]].reshape(2, 2)))
    across, down = -seen @ values[[2, 5]]
    parts = []
    if np.linalg.det(seen) < 0:
        # A mirror that stands nearer to the horizontal is one of top and bottom.
        upright = seen[0, 0] < 0
        parts.append(_("mirrored") if upright else _("upside down"))
        seen = seen @ np.diag([-1.0, 1.0] if upright else [1.0, -1.0])
    turn, wide, high, slant = _taken_apart(seen)
    if abs(turn) >= 0.5:
        parts.append(_("turned {angle}°").format(angle=numbers.decimal(turn, 0)))
    if abs(slant) >= 0.005:
        parts.append(_("slanted {slope}").format(slope=numbers.decimal(slant)))
    if max(abs(wide - 1), abs(high - 1)) >= 0.005:
        sides = [numbers.decimal(one) for one in (wide, high)]
        parts.append(f"× {sides[0]}" if sides[0] == sides[1] else "× {} × {}".format(*sides))
    parts += _ways(across, "→", "←") + _ways(down, "↓", "↑")
    return ", ".join(map(_unbroken, parts)) or _("not moved")


def _invertible(matrix: np.ndarray) -> np.ndarray:
    """Give a map as it is, or the nearest that does not shrink the picture to a line."""
    return matrix if abs(np.linalg.det(matrix)) > 1e-9 else matrix + 1e-4 * np.eye(2)


def _taken_apart(seen: np.ndarray) -> tuple[float, float, float, float]:
    """Take a map of (column, row) without a mirror apart: degrees anticlockwise, factors, slant.

    Columns can slant by rows or rows by columns; of the two the one with less of a turn is told.
    """
    (a, b), (c, d) = seen
    area = a * d - b * c
    wide, high = np.hypot(a, c), np.hypot(b, d)
    skew = a * b + c * d
    columns = (np.degrees(np.arctan2(-c, a)), wide, area / wide, skew / area)
    rows = (np.degrees(np.arctan2(b, d)), area / high, high, skew / area)
    turn, across, down, slant = min(columns, rows, key=lambda one: abs(one[0]))
    return float(turn), float(across), float(down), float(slant)


def _ways(pixels: float, ahead: str, back: str) -> list[str]:
    """Say a shift with an arrow, unless it is less than half a pixel."""
    if abs(pixels) < 0.5:
        return []
    return [f"{ahead if pixels > 0 else back} {numbers.decimal(abs(pixels), 0)}"]
