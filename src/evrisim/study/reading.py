"""A study from a YAML file; whatever is wrong in it is said in a sentence with its place."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from evrisim._validate import InputError, check_choice, check_range, check_whole
from evrisim.messages import translate as _
from evrisim.study import settings
from evrisim.study.design import BUDGETS, CLAIMS, EFFECT, SEEDS, Arm, Claim, Factor, Study, crossed

Prepare = Callable[[], None]

KEYS = (
    "name",
    "question",
    "data",
    "base",
    "arms",
    "factors",
    "claim",
    "effect",
    "seeds",
    "budgets",
)
NO_CLAIM = "none"
BASE = "base"
"""What the base is called where it has no `name`."""


def load(path: str | Path, *, prepare: Prepare = lambda: None) -> Study:
    """Read a study from a YAML file.

    Args:
        path: The file.
        prepare: Called before Keras is needed, to load it in a way of one's own.

    Raises:
        InputError: If there is no such file, or something in it is wrong; the sentence names the
            file, the line and the field.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise InputError(_("There is no study file {path}.").format(path=path)) from None
    except UnicodeDecodeError:
        raise InputError(_("{path} is not a text file.").format(path=path)) from None
    return parse(text, where=str(path), name=path.stem, prepare=prepare)


def parse(
    text: str, *, where: str = "study", name: str = "study", prepare: Prepare = lambda: None
) -> Study:
    """Read a study from YAML text.

    Args:
        text: The YAML.
        where: What messages call it.
        name: Of the study, unless the text names it.
        prepare: As for `load`.

    Raises:
        InputError: As `load`.

    Example:
        >>> study = parse('''
        ... question: Does a wider net do better?
        ... base: {model.width: 8}
        ... arms:
        ...   wide: {model.width: 16}
        ... ''')
        >>> [arm.name for arm in study.arms]
        ['base', 'wide']
    """
    place = _Place(where, *_composed(text, where))
    study = _study(place, name)
    prepare()
    _check_arms(place, study)
    return study


class _Place:
    """A value of the file with the path to it and the lines of everything below it."""

    def __init__(
        self, where: str, value: Any, lines: Mapping[tuple[str, ...], int], path: tuple = ()
    ) -> None:
        self.where, self.value, self.lines, self.path = where, value, lines, path

    def at(self, key: Any) -> "_Place":
        return _Place(self.where, self.value[key], self.lines, (*self.path, str(key)))

    def get(self, key: str) -> "_Place | None":
        return self.at(key) if key in self.value else None

    def mapping(self) -> Mapping[str, Any]:
        if not isinstance(self.value, dict):
            raise self.wrong(_("must hold `setting: value` lines."))
        return self.value

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.wrong(_("must be a text."))
        return self.value.strip()

    def check(self, check: Any, *arguments: Any) -> Any:
        """Run a check on the value and put the place before its sentence."""
        try:
            return check(*arguments)
        except InputError as error:
            raise self.wrong(str(error), value=False) from None

    def wrong(self, problem: str, *, value: bool = True) -> InputError:
        line = next(
            (
                self.lines[self.path[:end]]
                for end in range(len(self.path), -1, -1)
                if self.path[:end] in self.lines
            ),
            1,
        )
        field = ".".join(self.path)
        told = _("{problem} Received: {value!r}.").format(problem=problem, value=self.value)
        place = _("{file}, line {line}").format(file=self.where, line=line)
        named = f"{place}, `{field}`" if field else place
        return InputError(f"{named}: {told if value else problem}")


def _composed(text: str, where: str) -> tuple[Any, dict[tuple[str, ...], int]]:
    """Read YAML and the line of each field; a field given twice is refused, not overwritten."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[tuple[str, ...], int] = {}
        twice = _note_lines(node, (), lines)
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(
            _("{file}, line {line}: this is not valid YAML: {reason}.").format(
                file=where,
                line=mark.line + 1 if mark else 1,
                reason=getattr(error, "problem", None) or " ".join(str(error).split()),
            )
        ) from None
    if twice:
        path, first, second = twice
        raise InputError(
            _(
                "{file}, line {line}, `{field}`: this name was given before, in line {first}."
            ).format(file=where, line=second, field=".".join(path), first=first)
        )
    if not isinstance(value, dict):
        raise InputError(_("{where} must hold `setting: value` lines.").format(where=where))
    return value, lines


def _note_lines(node: Any, path: tuple[str, ...], lines: dict) -> tuple | None:
    """Note every field's line (from 1); give path and both lines of the first given twice."""
    if not isinstance(node, yaml.MappingNode):
        return None
    for key, value in node.value:
        here = (*path, str(key.value))
        line = key.start_mark.line + 1
        if here in lines:
            return here, lines[here], line
        lines[here] = line
        twice = _note_lines(value, here, lines)
        if twice:
            return twice
    return None


def _study(place: _Place, name: str) -> Study:
    for key in place.mapping():
        place.at(key).check(check_choice, "field", key, KEYS)
    for key in ("question", "base"):
        if key not in place.value:
            raise place.wrong(_("`{field}` is missing.").format(field=key), value=False)
    claim = _claim(place, None)
    base_name, base = _base(place.at("base"))
    factors = _factors(place, claim)
    arms = crossed(factors) if factors else _arms(place, base_name, claim)
    seeds = place.get("seeds")
    data, own = place.get("data"), place.get("name")
    return Study(
        name=_plain_name(own) if own else name,
        question=place.at("question").text(),
        data=data.text() if data else "shapes",
        base=base,
        arms=arms,
        factors=factors,
        seeds=seeds.check(check_whole, "seeds", seeds.value, 1) if seeds else SEEDS,
        budgets=_budgets(place),
    )


def _plain_name(place: _Place) -> str:
    name = place.text()
    if not all(letter.isalnum() or letter in "-_" for letter in name):
        raise place.wrong(_("must be made of letters, digits, - and _: it names a folder."))
    return name


def _base(place: _Place) -> tuple[str, dict[str, Any]]:
    chosen = dict(place.mapping())
    name = chosen.pop("name", BASE)
    if not isinstance(name, str):
        raise place.at("name").wrong(_("must be a text."))
    for key in chosen:
        place.at(key).check(settings.check_setting, key)
    return name, chosen


def _arms(place: _Place, base: str, claim: Claim | None) -> tuple[Arm, ...]:
    given = place.get("arms")
    if given is None or not given.mapping():
        raise place.wrong(_("there is nothing to compare: give `arms` or `factors`."), value=False)
    names = [base, *map(str, given.value)]
    arms = [Arm(base)]
    for key in given.value:
        arm = given.at(key)
        if str(key) == base:
            raise arm.wrong(_("this is the name of the base; choose another."), value=False)
        chosen = dict(arm.mapping())
        against = chosen.pop("against", None)
        if against is not None:
            arm.at("against").check(
                check_choice, "against", against, [n for n in names if n != key]
            )
        own = _claim(arm, claim)
        for word in ("claim", "effect"):
            chosen.pop(word, None)
        for setting in chosen:
            arm.at(setting).check(settings.check_setting, setting)
        arms.append(Arm(str(key), chosen, against, own))
    return tuple(arms)


def _factors(place: _Place, claim: Claim | None) -> tuple[Factor, ...]:
    given = place.get("factors")
    if given is None:
        return ()
    if "arms" in place.value:
        raise given.wrong(_("give either `arms` or `factors`, not both."), value=False)
    if not given.mapping():
        raise given.wrong(_("name at least one setting with its levels."), value=False)
    return tuple(_factor(place, given.at(key), str(key), claim) for key in given.value)


def _factor(place: _Place, factor: _Place, key: str, claim: Claim | None) -> Factor:
    factor.check(settings.check_setting, key)
    if key in place.value["base"]:
        raise factor.wrong(
            _("`base` sets it, too; the first level is the base's, so leave it out there."),
            value=False,
        )
    levels = factor
    if isinstance(factor.value, dict):
        for word in factor.value:
            factor.at(word).check(check_choice, "field", word, ("levels", "claim", "effect"))
        if "levels" not in factor.value:
            raise factor.wrong(_("`{field}` is missing.").format(field="levels"), value=False)
        levels, claim = factor.at("levels"), _claim(factor, claim)
    if not isinstance(levels.value, list) or len(levels.value) < 2:
        raise levels.wrong(_("must be a list of at least two levels, such as [3, 5]."))
    if len({repr(level) for level in levels.value}) < len(levels.value):
        raise levels.wrong(_("holds a level twice."))
    return Factor(key, tuple(levels.value), claim)


def _claim(place: _Place, default: Claim | None) -> Claim | None:
    """Read `claim` and `effect`; what is not given is as in `default`."""
    kind, effect = place.get("claim"), place.get("effect")
    if kind is not None:
        kind.check(check_choice, "claim", kind.value, (*CLAIMS, NO_CLAIM))
    word = kind.value if kind else default.kind if default else NO_CLAIM
    points = default.points if default else EFFECT
    if effect is not None:
        points = float(effect.check(check_range, "effect", effect.value, 0, 100))
    return None if word == NO_CLAIM else Claim(word, points)


def _budgets(place: _Place) -> dict[str, dict[str, Any]]:
    given = place.get("budgets")
    if given is None:
        return {}
    budgets = {}
    for name in given.mapping():
        budget = given.at(name)
        budget.check(check_choice, "budget", name, BUDGETS)
        for setting in budget.mapping():
            budget.at(setting).check(settings.check_setting, setting)
        budget.check(settings.training, {**settings.DEFAULTS, **budget.value})
        budgets[str(name)] = dict(budget.value)
    return budgets


def _check_arms(place: _Place, study: Study) -> None:
    """Check the values of all arms at every budget, and that no two arms are the same."""
    parts = place.get("factors") or place.at("arms")
    for budget in BUDGETS:
        known: dict[str, str] = {}
        for arm in study.arms:
            named = parts.at(arm.name) if arm.name in parts.value else place.at("base")
            found = named.check(settings.training, settings.merged(study, arm, budget))
            named.check(settings.check_model, found)
            twin = known.setdefault(repr(found), arm.name)
            if twin != arm.name:
                raise named.wrong(
                    _("arms {one} and {other} are the same training.").format(
                        one=twin, other=arm.name
                    ),
                    value=False,
                )
