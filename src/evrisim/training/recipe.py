"""How to train: one frozen, validated value, in and out of YAML."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from evrisim import _files, augment
from evrisim._validate import InputError, check_choice
from evrisim.messages import translate as _

RECIPES = ("course", "condensed", "demo", "fast", "record", "speedrun")

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]


class Recipe(BaseModel):
    """How to train a model: everything but the data and the model.

    Attributes:
        epochs: Passes over the training images.
        batch_size: Images a step.
        optimizer: `sgd` (Nesterov momentum), `adamw`, or `muon`: orthogonal steps of convolutions'
            kernels, `sgd` for the rest.
        learning_rate: The highest rate, reached after the warm-up.
        kernel_rate: The highest rate of the kernels that `muon` steps; ignored by the others.
        momentum: Of `sgd`; ignored by `adamw`.
        weight_decay: Decoupled decay of kernels (never of norms and biases), times the rate.
        schedule: `cosine` falls to zero over the run; `triangle` falls straight to 7 %, having
            begun at 20 %; `constant` stays.
        warmup_epochs: Epochs in which the rate climbs, from zero but for `triangle`; may be a
            fraction.
        layer_decay: What the rate is multiplied by from a layer with a kernel to the one before it,
            counted from the logits; 1 for one rate everywhere.
        offset_rate: What the rate of normalisations' offsets is multiplied by.
        label_smoothing: Share of the target spread over all classes.
        ema: Momentum of the average of weights that is evaluated and saved; None for none.
        lookahead: Steps after which the weights go back to slow ones that follow them, which are
            evaluated and saved; None for never.
        clip_norm: Largest norm of the whole gradient; None for no clipping.
        early_stopping: Epochs without a better validation result before stopping; None for never.
        augmentation: A policy of `augment.POLICIES`, several joined by `+`, a YAML file, or steps
            written out; a file is kept as the steps it lists.
        severity: Strength of the augmentation, 0 (nothing) to 1.
        image_sizes: Shorter sides that training images are shrunk to, in pixels, each for an equal
            part of the epochs; in a last part, not listed, they have their own size. None for
            their own throughout.
        test_views: Views of an image whose logits are averaged when the trained model is judged or
            used: `one`, `mirror`, `six` or `unsure`, as in `viewing.predict_logits`. Validation
            during training sees one.
        precision: `float32`, `bfloat16` (float32 variables), or `auto`: bfloat16 where the
            processor has it and the net is faster in it.
        seed: Decides initial weights, order, augmentation and dropout.

    Example:
        >>> Recipe(epochs=3).with_settings({"learning_rate": 0.2}).learning_rate
        0.2
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    epochs: int = Field(12, ge=1, le=100_000)
    batch_size: int = Field(128, ge=1, le=65_536)
    optimizer: Literal["sgd", "adamw", "muon"] = "sgd"
    learning_rate: Positive = 0.1
    kernel_rate: Positive = 0.24
    momentum: Fraction = 0.9
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5e-4
    schedule: Literal["cosine", "triangle", "constant"] = "cosine"
    warmup_epochs: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    offset_rate: Positive = 1.0
    label_smoothing: Fraction = 0.0
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    lookahead: int | None = Field(None, ge=1)
    clip_norm: Positive | None = None
    early_stopping: int | None = Field(None, ge=1)
    augmentation: str | list[Any] = "standard"
    severity: Annotated[float, Field(ge=0, le=1)] = 1.0
    image_sizes: list[Annotated[int, Field(ge=1)]] | None = None
    test_views: Literal["one", "mirror", "six", "unsure"] = "one"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    seed: int = Field(0, ge=0, lt=2**32)

    @field_validator("augmentation")
    @classmethod
    def _written_out(cls, value: Any) -> Any:
        return augment.written_out(value)

    @model_validator(mode="after")
    def _one_average(self) -> "Recipe":
        if self.ema is not None and self.lookahead is not None:
            raise InputError(
                _("`ema` and `lookahead` each keep weights of their own to evaluate; set one.")
            )
        return self

    @property
    def policy(self) -> augment.Augmentation | None:
        """What training images go through at the recipe's severity; None for nothing."""
        found = augment.policy(self.augmentation, self.severity)
        return found if found.parts else None

    @classmethod
    def load(cls, source: str | Path) -> "Recipe":
        """Read a recipe by its name (one of `RECIPES`) or from a YAML file.

        Raises:
            InputError: If there is no such recipe or file, or a setting is wrong.
        """
        path = Path(source)
        if str(source) in RECIPES:
            text = (resources.files(__package__) / "recipes" / f"{source}.yaml").read_text("utf-8")
            return cls.from_yaml(text, where=f"{source}.yaml")
        if path.suffix in (".yaml", ".yml") and path.is_file():
            return cls.from_yaml(path.read_text("utf-8"), where=str(path))
        if path.suffix in (".yaml", ".yml"):
            raise InputError(_("There is no recipe file {path}.").format(path=path))
        check_choice("recipe", str(source), RECIPES)
        raise AssertionError("unreachable: check_choice refuses what is not a known name")

    @classmethod
    def from_yaml(cls, text: str, *, where: str = "recipe") -> "Recipe":
        """Read a recipe from YAML text; `where` names it in messages."""
        try:
            settings = yaml.safe_load(text)
        except yaml.YAMLError as error:
            reason = " ".join(str(error).split())
            raise InputError(
                _("{where} is not valid YAML: {reason}.").format(where=where, reason=reason)
            ) from None
        if not isinstance(settings, Mapping):
            raise InputError(_("{where} must hold `setting: value` lines.").format(where=where))
        return cls.create(settings, where=where)

    @classmethod
    def create(cls, settings: Mapping[str, Any], *, where: str = "recipe") -> "Recipe":
        """Make a recipe from settings, with one sentence for the first that is wrong.

        Raises:
            InputError: If a setting is unknown or its value is not allowed.
        """
        for key in settings:
            check_choice(f"{where} setting", str(key), cls.model_fields)
        try:
            return cls.model_validate(dict(settings))
        except ValidationError as error:
            first = error.errors()[0]
            if isinstance(first.get("ctx", {}).get("error"), InputError):  # a sentence already
                raise InputError(f"{where}: {first['ctx']['error']}") from None
            raise InputError(
                _("{where}: `{field}` received {value!r}: {reason}.").format(
                    where=where,
                    field=".".join(str(part) for part in first["loc"][:1]),
                    value=first["input"],
                    reason=_reason(first),
                )
            ) from None

    def with_settings(self, settings: Mapping[str, Any]) -> "Recipe":
        """Give this recipe with some settings changed, checked as in `create`."""
        return self.create({**self.model_dump(), **settings})

    def to_yaml(self) -> str:
        """Write the recipe as YAML, every setting on a line."""
        return yaml.safe_dump(self.model_dump(), sort_keys=False)

    def save(self, path: Path) -> None:
        """Write the recipe to a YAML file, whole or not at all."""
        _files.write_text(path, self.to_yaml())


def _reason(error: Any) -> str:
    """Say in the user's language what pydantic found."""
    context = error.get("ctx", {})
    sentences = {
        "greater_than": _("must be greater than {gt}"),
        "greater_than_equal": _("must be at least {ge}"),
        "less_than": _("must be less than {lt}"),
        "less_than_equal": _("must be at most {le}"),
        "literal_error": _("must be one of {expected}"),
        "finite_number": _("must be a finite number"),
        "int_parsing": _("must be a whole number"),
        "int_type": _("must be a whole number"),
        "int_from_float": _("must be a whole number"),
        "float_parsing": _("must be a number"),
        "float_type": _("must be a number"),
        "list_type": _("must be a list, such as [16, 24]"),
    }
    sentence = sentences.get(error["type"])
    return sentence.format(**context) if sentence else str(error["msg"])
