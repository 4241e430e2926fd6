import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="evrisim · 2 · Data augmentation")

with app.setup:
    import marimo as mo

    from evrisim.applications import page, parts, second, studies, work
    from evrisim.cli import application
    from evrisim.messages import translate


@app.cell
def _():
    begun = application.begin(mo.app_meta().mode, 2)
    page.style()
    return (begun,)


@app.cell(hide_code=True)
def _():
    welcome = parts.words(
        "welcome",
        translate("Application 2: data augmentation"),
        translate(
            "A cat stays a cat when it is mirrored, turned a little, or seen in another light. "
            "Augmentation shows a model each training image in another version every epoch, so "
            "that it learns what stays and not each image by heart."
        ),
        translate(
            "Move the sliders and choose from the menus: the pictures answer at once. What must "
            "be trained first starts with a button, and is kept for the next time."
        ),
    )
    page.show(welcome)
    return (welcome,)


@app.cell
def _(begun):
    ended, set_ended = mo.state(0)
    tick = mo.ui.refresh(default_interval="2s")
    budget = mo.ui.dropdown(
        page.budgets(), value=page.budget_name(begun), label=translate("how much is trained")
    )
    page.only_on_page(mo.hstack([budget, tick], justify="start"), begun)
    return budget, ended, set_ended, tick


@app.cell
def _(begun, budget):
    asked = application.with_budget(begun, budget.value)
    return (asked,)


@app.cell
def _(ended, set_ended, tick):
    tick
    if work.ended() != ended():
        set_ended(work.ended())
    return


@app.cell(hide_code=True)
def _():
    pipeline_words = parts.words(
        "pipeline",
        translate("The input pipeline: who waits for whom"),
        translate(
            "Before a training step can begin, its batch must be there: files are decoded once "
            "and kept (cache), the order is drawn (shuffle), images are gathered and augmented "
            "(map), and the next batches are prepared while a step still runs (prefetch)."
        ),
        translate(
            "Caching comes before augmentation: what is cached is the same in every epoch, what "
            "is augmented must not be. Prefetching hides preparation behind the step; it hides "
            "all of it only where preparing is faster than the step."
        ),
    )
    page.show(pipeline_words)
    return (pipeline_words,)


@app.cell
def _(asked):
    measure_pipeline = mo.ui.run_button(label=translate("Measure the pipeline"))
    page.only_on_page(measure_pipeline, asked)
    return (measure_pipeline,)


@app.cell
def _(asked, measure_pipeline):
    measured = asked.script or measure_pipeline.value
    pipeline_found = second.pipeline(asked) if measured else parts.unmeasured()
    page.show(pipeline_found)
    return (pipeline_found,)


@app.cell(hide_code=True)
def _():
    layers_words = parts.words(
        "layers",
        translate("What the layers do to an image"),
        translate(
            "Each image has a draw of its own, and another one in the next epoch. Flip, rotation, "
            "zoom and crop move pixels; here they are joined into one map, so that the image is "
            "resampled once. Brightness and contrast change values. A severity from 0 to 1 turns "
            "all of them up together: at 0 nothing happens."
        ),
        translate(
            "The factors are Keras' own: RandomRotation(0.1) turns by up to a tenth of a full "
            "turn, that is 36° either way, and not by 10°."
        ),
    )
    page.show(layers_words)
    return (layers_words,)


@app.cell
def _(asked):
    images = second.pictures(asked)
    image = mo.ui.dropdown(images, value=next(iter(images)), label=translate("image"))
    policy = mo.ui.dropdown(second.policy_names(), value="course", label=translate("policy"))
    severity = mo.ui.slider(
        0, 1, 0.05, value=1, label=translate("severity"), show_value=True, debounce=False
    )
    seed = mo.ui.slider(0, 20, 1, value=0, label=translate("draw again"), show_value=True)
    mo.hstack([image, policy, severity, seed], justify="start", wrap=True)
    return image, policy, seed, severity


@app.cell
def _(asked, image, policy, seed, severity):
    draws_found = second.draws(asked, image.value, policy.value, severity.value, seed.value)
    page.show(draws_found)
    return (draws_found,)


@app.cell
def _(asked, image, policy, seed, severity):
    steps_found = second.steps(asked, image.value, policy.value, severity.value, seed.value)
    page.show(steps_found)
    return (steps_found,)


@app.cell
def _(asked, image, policy, seed):
    ladder_found = second.ladder(asked, image.value, policy.value, seed.value)
    page.show(ladder_found)
    return (ladder_found,)


@app.cell(hide_code=True)
def _():
    ways_words = parts.words(
        "ways",
        translate("Three ways, one result, and a proof"),
        translate(
            "The same draws can be carried out by Keras layers, in the tf.data pipeline, or "
            "inside the training step on the device: the images are the same, the speed is not. "
            "evrisim measures which is faster here, and says so when a training starts."
        ),
        translate(
            "It also proves that augmentation is on: people have trained for days with one that "
            "did nothing. And it belongs to training images only: validation and test stay as "
            "they are."
        ),
    )
    page.show(ways_words)
    return (ways_words,)


@app.cell
def _(asked, policy):
    ways_found = [*second.in_code(), *second.ways(asked, policy.value)]
    page.show(ways_found)
    return (ways_found,)


@app.cell
def _(asked, policy, severity):
    proof_found = second.proof(asked, policy.value, severity.value)
    page.show(proof_found)
    return (proof_found,)


@app.cell(hide_code=True)
def _():
    mixing_words = parts.words(
        "mixing",
        translate("MixUp and CutMix: two images, one label"),
        translate(
            "MixUp blends two images of a batch, CutMix pastes a box of one into the other. The "
            "label is shared in the same proportion: exactly the share of pixels for CutMix. How "
            "much is drawn from Beta(α, α): a small α leaves most images nearly alone, α = 1 "
            "makes every share as likely."
        ),
    )
    page.show(mixing_words)
    return (mixing_words,)


@app.cell
def _():
    method = mo.ui.dropdown(
        {"MixUp": "mixup", "CutMix": "cutmix"}, value="CutMix", label=translate("method")
    )
    alpha = mo.ui.slider(
        steps=[0.1, 0.2, 0.5, 1.0, 2.0, 5.0], value=1.0, label="α", show_value=True
    )
    mixing_seed = mo.ui.slider(0, 20, 1, value=0, label=translate("draw again"), show_value=True)
    mo.hstack([method, alpha, mixing_seed], justify="start", wrap=True)
    return alpha, method, mixing_seed


@app.cell
def _(alpha, asked, method, mixing_seed):
    mixed_found = second.mixed(asked, method.value, alpha.value, mixing_seed.value)
    page.show(mixed_found)
    return (mixed_found,)


@app.cell
def _(asked):
    run_mixing = mo.ui.run_button(label=translate("Run the study of mixing"))
    page.only_on_page(run_mixing, asked)
    return (run_mixing,)


@app.cell
def _(asked, run_mixing, tick):
    tick
    mixing_job = work.asked_for(studies.MIXING, asked, start=run_mixing.value)
    page.progress(mixing_job)
    return


@app.cell
def _(asked, ended):
    ended()
    mixing_study = application.settled(studies.MIXING, asked)
    mixing_found = (
        [*second.gaps(mixing_study), *studies.answer(mixing_study)]
        if mixing_study
        else studies.missing()
    )
    page.show(mixing_found)
    return (mixing_found,)


@app.cell(hide_code=True)
def _():
    severity_words = parts.words(
        "severity",
        translate("How strong may it be?"),
        translate(
            "Too little changes nothing, too much hides what the image is of: then the model "
            "fails on the training images too (it underfits). The severity must be tuned, on "
            "validation images and not on test images."
        ),
    )
    page.show(severity_words)
    return (severity_words,)


@app.cell
def _(asked):
    run_severity = mo.ui.run_button(label=translate("Run the study of severity"))
    page.only_on_page(run_severity, asked)
    return (run_severity,)


@app.cell
def _(asked, run_severity, tick):
    tick
    severity_job = work.asked_for(studies.SEVERITY, asked, start=run_severity.value)
    page.progress(severity_job)
    return


@app.cell
def _(asked, ended):
    ended()
    severity_study = application.settled(studies.SEVERITY, asked)
    severity_found = (
        [*second.severities(severity_study), *studies.answer(severity_study)]
        if severity_study
        else studies.missing()
    )
    page.show(severity_found)
    return (severity_found,)


@app.cell(hide_code=True)
def _():
    policies_words = parts.words(
        "policies",
        translate("Does it help?"),
        translate(
            "Augmentation narrows the gap between training and test images, since no image is "
            "seen twice. Whether test accuracy rises is another question: a short training of a "
            "small model may not have the time to learn what augmented images have to teach."
        ),
    )
    page.show(policies_words)
    return (policies_words,)


@app.cell
def _(asked):
    run_policies = mo.ui.run_button(label=translate("Run the study of policies"))
    page.only_on_page(run_policies, asked)
    return (run_policies,)


@app.cell
def _(asked, run_policies, tick):
    tick
    policies_job = work.asked_for(studies.POLICIES, asked, start=run_policies.value)
    page.progress(policies_job)
    return


@app.cell
def _(asked, ended):
    ended()
    policies_study = application.settled(studies.POLICIES, asked)
    policies_found = (
        [*second.gaps(policies_study), *studies.answer(policies_study)]
        if policies_study
        else studies.missing()
    )
    page.show(policies_found)
    return (policies_found,)


@app.cell(hide_code=True)
def _():
    claims_words = parts.words(
        "claims",
        translate("What the course says, and what was measured"),
        translate(
            "Measured on CIFAR-10 with six paired seeds at the quick budget: a narrow convnet, "
            "5,000 images, 8 epochs. A longer training may say otherwise; `evrisim claims` has "
            "the commands that ask again."
        ),
    )
    page.show(claims_words)
    return (claims_words,)


@app.cell
def _():
    claims_found = second.claims()
    page.show(claims_found)
    return (claims_found,)


@app.cell
def _(
    asked,
    claims_found,
    claims_words,
    draws_found,
    ladder_found,
    layers_words,
    mixed_found,
    mixing_found,
    mixing_words,
    pipeline_found,
    pipeline_words,
    policies_found,
    policies_words,
    proof_found,
    severity_found,
    severity_words,
    steps_found,
    ways_found,
    ways_words,
    welcome,
):
    application.finish(
        asked,
        [
            welcome,
            parts.joined(pipeline_words, pipeline_found),
            parts.joined(layers_words, draws_found, steps_found, ladder_found),
            parts.joined(ways_words, ways_found, proof_found),
            parts.joined(mixing_words, mixed_found, mixing_found),
            parts.joined(severity_words, severity_found),
            parts.joined(policies_words, policies_found),
            parts.joined(claims_words, claims_found),
        ],
    )
    return


if __name__ == "__main__":
    app.run()
