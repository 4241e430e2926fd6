"""Policies: augmentations by name, from YAML, or written out as steps; composable with `+`."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from evrisim._validate import InputError, check_choice, check_range
from evrisim.augment import choose, colour, mix, move, texture
from evrisim.augment.base import Augmentation, Chain
from evrisim.messages import translate as _

POLICIES = (
    "none",
    "standard",
    "course",
    "colour",
    "strong",
    "rand-augment",
    "trivial-augment",
    "augmix",
    "cutout",
    "mixup",
    "cutmix",
    "mixup-cutmix",
)

METHODS: dict[str, Any] = {
    "flip": move.Flip,
    "padded-crop": move.PaddedCrop,
    "crop": move.Crop,
    "resized-crop": move.ResizedCrop,
    "rotation": move.Rotation,
    "zoom": move.Zoom,
    "translation": move.Translation,
    "shear": move.Shear,
    "brightness": colour.Brightness,
    "contrast": colour.Contrast,
    "saturation": colour.Saturation,
    "hue": colour.Hue,
    "grey": colour.Grey,
    "sharpness": colour.Sharpness,
    "posterise": colour.Posterise,
    "solarise": colour.Solarise,
    "equalise": colour.Equalise,
    "autocontrast": colour.AutoContrast,
    "invert": colour.Invert,
    "blur": texture.Blur,
    "noise": texture.Noise,
    "jpeg": texture.Jpeg,
    "erase": texture.Erase,
    "cutout": texture.Cutout,
    "mixup": mix.MixUp,
    "cutmix": mix.CutMix,
    "either": mix.Either,
    "rand-augment": choose.RandAugment,
    "trivial-augment": choose.TrivialAugment,
    "augmix": choose.AugMix,
}
"""Every method by the name that policies and the command line give it."""

KERAS_NAMES = {
    "RandomFlip": "flip",
    "RandomRotation": "rotation",
    "RandomZoom": "zoom",
    "RandomTranslation": "translation",
    "RandomShear": "shear",
    "RandomBrightness": "brightness",
    "RandomContrast": "contrast",
    "RandomHue": "hue",
    "RandomGrayscale": "grey",
    "RandomCrop": "crop",
    "RandAugment": "rand-augment",
    "AugMix": "augmix",
    "MixUp": "mixup",
    "CutMix": "cutmix",
}
"""Names of Keras' layers that a policy may use too; their factors mean the same.

`RandomCrop` also enlarges its window to the image's size; `RandAugment` and `AugMix` take the
settings of this room.
"""

Steps = Sequence[Any]
"""What a policy file lists: a method's name, or a mapping with one name.

`{name: setting}`, `{name: [settings in their order]}` or `{name: {setting: value}}`.
"""


def policy(source: str | Steps, severity: float = 1.0) -> Chain:
    """Give a policy's augmentations, every strength times `severity`.

    Args:
        source: One of `POLICIES` or a YAML file, several of them joined by `+`, or a list of steps.
        severity: 0 (nothing changes) to 1.

    Raises:
        InputError: If there is no such policy, file, method or setting, or a value is wrong.

    Example:
        >>> [type(part).__name__ for part in policy("standard+cutmix").parts]
        ['Flip', 'PaddedCrop', 'CutMix']
    """
    check_range("severity", severity, 0, 1)
    parts = tuple(
        made(one, place)
        for where, steps in _read(source)
        for number, one in enumerate(steps, start=1)
        for place in [f"{where}, {_('step {number}').format(number=number)}"]
    )
    return Chain(parts).scaled(severity)


def written_out(source: str | Steps) -> str | list[Any]:
    """Give a policy as a run records it: names stay; with a file among them all become steps.

    Raises:
        InputError: As `policy` does.
    """
    policy(source)
    if isinstance(source, str) and all(name in POLICIES for name in source.split("+")):
        return source
    return steps_of(source)


def steps_of(source: str | Steps) -> list[Any]:
    """Give the steps that a source lists, those of joined policies one after the other."""
    return [one for _where, steps in _read(source) for one in steps]


def named(name: str) -> list[Any]:
    """Give the steps of a policy of this name, as its file lists them."""
    text = (resources.files(__package__) / "policies" / f"{name}.yaml").read_text("utf-8")
    return list(yaml.safe_load(text)["steps"])


def made(one: Any, where: str) -> Augmentation:
    """Make a method from one step of a policy; `where` names its place in messages."""
    if isinstance(one, str):
        name, settings = one, None
    elif isinstance(one, Mapping) and len(one) == 1:
        ((name, settings),) = one.items()
    else:
        raise InputError(
            _(
                "{where} must be a method's name or one `name: settings` pair; received {value!r}."
            ).format(where=where, value=one)
        )
    name = KERAS_NAMES.get(name, name)
    try:
        check_choice("method", name, METHODS)
        return _with_settings(METHODS[name], settings, where)
    except InputError as error:
        raise InputError(
            str(error) if str(error).startswith(where) else f"{where}: {error}"
        ) from None


def _with_settings(method: Any, settings: Any, where: str) -> Augmentation:
    names = [field.name for field in fields(method)]
    found = _by_name(settings, names, whole=method is mix.Either)
    for key, one in found.items():
        check_choice("setting", str(key), names)
        if key in ("parts", "weights"):
            _check_list(key, one)
    if "parts" in found:
        found["parts"] = [made(one, where) for one in found["parts"]]
    return method(
        **{key: tuple(one) if isinstance(one, list) else one for key, one in found.items()}
    )


def _by_name(settings: Any, names: Sequence[str], *, whole: bool) -> dict[str, Any]:
    """Give settings as a mapping; a `whole` list is the first setting, another one several."""
    if settings is None:
        return {}
    if isinstance(settings, Mapping):
        return dict(settings)
    if whole or not isinstance(settings, list | tuple):
        return {names[0]: settings}
    if len(settings) > len(names):
        raise InputError(
            _("{given} settings are given; there are {count}: {names}.").format(
                given=len(settings), count=len(names), names=", ".join(names)
            )
        )
    return dict(zip(names, settings, strict=False))


def _check_list(name: str, value: Any) -> None:
    if not isinstance(value, list | tuple):
        raise InputError(
            _("`{name}` must be a list; received {value!r}.").format(name=name, value=value)
        )


def _read(source: str | Steps) -> list[tuple[str, Steps]]:
    """Give where it stands and the steps of each policy that a source names."""
    if not isinstance(source, str):
        _check_list(_("policy"), source)
        return [(_("policy"), source)]
    names = [source] if Path(source).is_file() else source.split("+")
    return [(name, _steps(name)) for name in names]


def _steps(name: str) -> Steps:
    if Path(name).suffix in (".yaml", ".yml"):
        return _file(Path(name))
    check_choice("augmentation", name, POLICIES)
    return named(name)


def _file(path: Path) -> Steps:
    if not path.is_file():
        raise InputError(_("There is no policy file {path}.").format(path=path))
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            _("{where} is not valid YAML: {reason}.").format(where=path, reason=reason)
        ) from None
    steps = content.get("steps") if isinstance(content, Mapping) else None
    if not isinstance(steps, list) or set(content) != {"steps"}:
        raise InputError(_("{where} must hold `steps:` and a list of them.").format(where=path))
    return steps
