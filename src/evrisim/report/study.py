"""The report of a study: the answer first, then what it rests on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evrisim import plots
from evrisim.messages import language, numbers
from evrisim.messages import translate as _
from evrisim.plots.courses import History
from evrisim.report import study_made, study_tables
from evrisim.report.blocks import Block, Page, Picture, Points, Row, Section, Terms, Text
from evrisim.report.page import words, write
from evrisim.report.pictures import drawing, png
from evrisim.study import wording
from evrisim.study.design import Study
from evrisim.study.results import Comparison, Findings


def write_study_report(
    path: Path,
    facts: Mapping[str, Any],
    plan: Study,
    findings: Findings,
    sentences: Sequence[str],
    courses: Mapping[str, Sequence[History]] | None = None,
) -> Path:
    """Write the report of a study in the language in use, and its pictures beside it.

    The page holds every picture itself; the same pictures go as PNG files into `figures/` next
    to it. Everything is drawn before anything is written, and each file is written whole or not
    at all. The same arguments give the same bytes.

    Args:
        path: The HTML file to write; its folder must exist.
        facts: What `study.json` holds.
        plan: The study.
        findings: What came out of it; what is not known is shown as such.
        sentences: The answer in words, a paragraph each.
        courses: By arm the histories of its trainings.

    Returns:
        `path`.

    Raises:
        OSError: As the file system raises it; no part of a file is left.
    """
    return write(Path(path), study_page(facts, plan, findings, sentences, courses or {}))


def study_page(
    facts: Mapping[str, Any],
    plan: Study,
    findings: Findings,
    sentences: Sequence[str],
    courses: Mapping[str, Sequence[History]],
) -> Page:
    """Put together the page about a study."""
    sections = [
        _answer(facts, plan, findings, sentences),
        _arms(findings),
        *_courses(courses),
        *_effects(plan, findings),
        _comparisons(findings),
        _cost(findings),
        _seeds(findings),
        study_made.done(facts, plan, findings),
        study_made.repeat(facts),
        _glossary(),
    ]
    source = facts.get("source") or {}
    about = _("Report of a study · data {data} · budget {budget} · seeds: {count}").format(
        data=source.get("name") or plan.data,
        budget=facts.get("budget") or _("n/a"),
        count=numbers.whole(len(facts.get("seeds") or ())),
    )
    files = {"pareto": png(plots.pareto(findings))} if _measured(findings) else {}
    return Page(language(), plan.name, about, sections, words(), files)


def _answer(
    facts: Mapping[str, Any], plan: Study, findings: Findings, sentences: Sequence[str]
) -> Section:
    said: list[Block] = [Text(plan.question, "lead"), *(Text(one) for one in sentences)]
    alt = " ".join(_described(one) for one in findings.comparisons) or _("Nothing was compared.")
    caption = _(
        "Each dot is a pair of trainings with the same seed, at the same height in every row. "
        "The bar is where the true difference probably lies; an arrow means that it goes on. "
        "A claim holds if the true difference lies in the shaded region."
    )
    picture = Picture(drawing("differences", plots.differences(findings), alt), caption)
    row = Row([said, [picture]])
    return Section("answer", _("The answer"), [row, *_warnings(facts, findings)])


def _described(one: Comparison) -> str:
    """Say a row of the picture for those who do not see it."""
    difference = wording.signed(float(one.differences.mean()) if len(one.differences) else None)
    return _("{sides}: {difference} points, {verdict}.").format(
        sides=wording.compared(one), difference=difference, verdict=wording.verdict(one.verdict)
    )


def _warnings(facts: Mapping[str, Any], findings: Findings) -> list[Block]:
    found: list[str] = []
    failed = sum(len(arm.failed) for arm in findings.arms)
    if facts.get("budget") == "smoke":
        found.append(
            _(
                "The budget “smoke” only tries whether everything runs: its models are hardly "
                "trained, and what it finds says nothing about the question."
            )
        )
    if failed:
        found.append(
            _(
                "Trainings that failed: {count}. A claim they touch stays undecided, because those "
                "that finished may be the lucky ones."
            ).format(count=numbers.whole(failed))
        )
    if findings.arms and all(arm.test is None for arm in findings.arms):
        found.append(
            _("The test split has not been opened: only results on validation are known yet.")
        )
    unequal = [wording.compared(one) for one in findings.comparisons if one.unequal_cost]
    if unequal:
        found.append(
            _(
                "The two sides differ by more than a tenth in their work (MACs), so the setting "
                "may not be the whole cause: {names}."
            ).format(names="; ".join(unequal))
        )
    return [Text(text, "warning") for text in found]


def _arms(findings: Findings) -> Section:
    means = [study_tables.spread(study_tables.best(arm)) for arm in findings.arms]
    alt = "; ".join(f"{arm.name}: {mean}" for arm, mean in zip(findings.arms, means, strict=True))
    reading = Text(
        _(
            "Dots joined by a line are trainings with the same seed: the same order of the data, "
            "and the same first weights where the models allow it. If the lines run side by side, "
            "the seed moves all arms alike, and the paired difference is surer than the spread of "
            "the dots suggests."
        ),
        "reading",
    )
    picture = Picture(drawing("arms", plots.arms(findings), alt or _("No arm.")))
    row = Row([[picture], [reading]])
    return Section("arms", _("Every arm"), [row, study_tables.accuracy(findings)])


def _courses(courses: Mapping[str, Sequence[History]]) -> list[Section]:
    seen = {
        name: histories for name, histories in courses.items() if any(len(one) for one in histories)
    }
    if not seen:
        return []
    alt = _("Accuracy of each arm on training and on validation images, over the epochs.")
    reading = Text(
        _(
            "Lines are means over the seeds, bands their range. Training accuracy is that of "
            "augmented images while the weights still move. An arm that is worse on both sides is "
            "not overfitting: it is harder to train."
        ),
        "reading",
    )
    picture = Picture(drawing("courses", plots.courses(seen), alt), wide=True)
    return [Section("courses", _("How each arm learned"), [picture, reading])]


def _effects(plan: Study, findings: Findings) -> list[Section]:
    if len(plan.factors) < 2 or not _measured(findings):
        return []
    names = [wording.setting(factor.setting) for factor in plan.factors]
    alt = _("Mean top-1 on test by {names}.").format(names=", ".join(names))
    reading = Text(
        _(
            "Parallel lines: each setting does the same whatever the other one is. Lines that "
            "open, close or cross: the two interact, and neither should be judged alone. Small "
            "marks are the seeds."
        ),
        "reading",
    )
    picture = Picture(drawing("effects", plots.effects(findings, plan), alt))
    return [Section("effects", _("How the settings act together"), [Row([[picture], [reading]])])]


def _comparisons(findings: Findings) -> Section:
    title = _("Every comparison")
    if not findings.comparisons:
        return Section("comparisons", title, [Text(_("Nothing was compared."))])
    blocks: list[Block] = [
        study_tables.differences(findings),
        study_tables.certainty(findings),
        Points(
            [
                _("The t interval is about other seeds: it comes from the pairs of trainings."),
                _(
                    "The bootstrap interval is about other test images: the {count} images are "
                    "drawn anew, again and again."
                ).format(count=numbers.whole(findings.test_images)),
                _(
                    "p is how often chance alone would give a difference as large, were there "
                    "none. Holm's correction raises it where several are tested at once."
                ),
            ]
        ),
    ]
    pairs = study_tables.mcnemar(findings)
    if pairs.rows:
        blocks += [
            Text(
                _(
                    "McNemar's test looks at one pair of models on the same images. It counts only "
                    "the images on which exactly one of the two is right, and knows nothing of "
                    "other seeds."
                )
            ),
            pairs,
        ]
    return Section("comparisons", title, blocks)


def _cost(findings: Findings) -> Section:
    blocks: list[Block] = []
    if _measured(findings):
        alts = {
            "macs": _("Mean top-1 by work (MACs); on the front: {names}.").format(
                names=", ".join(findings.pareto) or _("none")
            ),
            "parameters": _("Mean top-1 by size (parameters)."),
            "seconds": _("Mean top-1 by seconds of training."),
        }
        if all(arm.latency for arm in findings.arms):
            alts["latency_1"] = _("Mean top-1 by milliseconds for one image.")
            alts["latency_128"] = _("Mean top-1 by milliseconds for 128 images.")
        cells = [
            [Picture(drawing(f"pareto_{panel}", plots.pareto(findings, panels=(panel,)), alt))]
            for panel, alt in alts.items()
        ]
        reading = Text(
            _(
                "Farther up is better, farther left is cheaper. Of an arm on the front, no other "
                "is both. Vertical bars are 95 % intervals over the seeds: points whose bars "
                "overlap much are not told apart by these pictures. Horizontal bars are the range "
                "of what was measured on this machine."
            ),
            "reading",
        )
        blocks += [*(Row(cells[at : at + 2]) for at in range(0, len(cells), 2)), reading]
    blocks.append(study_tables.cost(findings))
    return Section("cost", _("What accuracy costs"), blocks)


def _measured(findings: Findings) -> bool:
    return any(arm.test is not None and len(arm.test) for arm in findings.arms)


def _seeds(findings: Findings) -> Section:
    blocks: list[Block] = [*study_tables.by_seed(findings)]
    failures = study_tables.failures(findings)
    if failures.rows:
        blocks.append(failures)
    return Section("seeds", _("Every training"), blocks)


def _glossary() -> Section:
    terms = [
        (
            _("Arm"),
            _("One variant of the model or of its training, alike in all but what is studied."),
        ),
        (
            _("Seed"),
            _(
                "The number that decides every random choice of a training. Another seed gives "
                "a slightly different model, so one training per arm proves little."
            ),
        ),
        (
            _("Paired difference"),
            _(
                "The top-1 of one arm minus that of the other, both trained with the same seed: "
                "what both have in common cancels."
            ),
        ),
        (
            _("95 % interval"),
            _(
                "Where the true difference probably lies. Of 100 intervals made like this, about "
                "95 hold it. More seeds make it narrower."
            ),
        ),
        (
            _("Verdict"),
            _(
                "Supported: the claim is true of the whole interval. Refuted: it is false of the "
                "whole interval. Undecided: the interval holds both, or a training is missing; "
                "that is no proof of equality."
            ),
        ),
        (
            _("Smallest visible effect"),
            _("The smallest true difference that this study had an 80 % chance to see."),
        ),
    ]
    return Section("words", _("The words"), [Terms(terms)])
