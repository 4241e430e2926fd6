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
        "none": _("nothing: images as they are"),
        "standard": _("mirrored, and moved by up to an eighth: for small photographs"),
        "course": _(
            "the layers of the course's slide: flip, rotation, zoom, crop, light, contrast"
        ),
        "colour": _("light and colours only: where shape and place must stay"),
        "strong": _("standard, two changes of RandAugment at half strength, random erasing"),
        "rand-augment": _("two of fourteen changes for each image, all as strong (Cubuk 2020)"),
        "trivial-augment": _("one change for each image, of any strength (Müller 2021)"),
        "augmix": _("three chains of changes blended with the image (Hendrycks 2020)"),
        "cutout": _("a grey square over a part (DeVries 2017)"),
        "mixup": _("two images and their labels blended (Zhang 2018)"),
        "cutmix": _("a box of another image, and its share of the label (Yun 2019)"),
        "mixup-cutmix": _("one of the two for each batch"),
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


def settings(name: str) -> dict[str, Any]:
    """Give the settings of a method with their defaults."""
    made = METHODS[name]()
    return {field.name: getattr(made, field.name) for field in fields(made)}


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
        Code.SATURATION: lambda: f"× {numbers.decimal(values[0])}",
        Code.SHARPNESS: lambda: f"× {numbers.decimal(values[0])}",
        Code.HUE: lambda: f"{numbers.decimal(360 * values[0], 0)}°",
        Code.POSTERISE: lambda: _("{count} bits").format(count=int(values[0])),
        Code.SOLARISE: lambda: _("from {level} on").format(level=int(values[0])),
        Code.BLUR: lambda: f"σ = {numbers.decimal(values[0], 1)}",
        Code.NOISE: lambda: f"σ = {numbers.decimal(values[0], 1)}",
        Code.JPEG: lambda: str(int(values[0])),
        Code.ERASE: lambda: f"{int(values[2] - values[0])}×{int(values[3] - values[1])}",
        Code.BLEND: lambda: numbers.percent(values[0], 0),
    }.get(code)
    return name if told is None else f"{name} {told()}"


def _tone(values: np.ndarray) -> str:
    gain, shift = values[:2]
    if gain == 1:
        return ("+" if shift >= 0 else "") + numbers.decimal(shift, 0)
    return f"× {numbers.decimal(gain)}"


def _moved(values: np.ndarray) -> str:
    """Say a move by what it does to what is seen: turned, mirrored, how large, how far."""
    a, b, across, c, d, down = values[:6]
    mirrored = a * d - b * c < 0
    turn = np.degrees(np.arctan2(c, a if not mirrored else -a))
    scale = 1 / np.sqrt(max(abs(a * d - b * c), 1e-9))
    parts = []
    if mirrored:
        parts.append(_("mirrored"))
    if abs(turn) >= 0.5:
        parts.append(_("turned {angle}°").format(angle=numbers.decimal(turn, 0)))
    if abs(scale - 1) >= 0.005:
        parts.append(f"× {numbers.decimal(scale)}")
    if max(abs(across), abs(down)) >= 0.5:
        where = f"{numbers.decimal(-across, 0)}, {numbers.decimal(-down, 0)}"
        parts.append(_("moved {where}").format(where=where))
    return ", ".join(parts) or _("nothing")
