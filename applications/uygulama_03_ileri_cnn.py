import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="evrisim · 3 · Advanced convnets")

with app.setup:
    import marimo as mo

    from evrisim.applications import page, parts, studies, third, work
    from evrisim.cli import application
    from evrisim.messages import translate


@app.cell
def _():
    begun = application.begin(mo.app_meta().mode, 3)
    page.style()
    return (begun,)


@app.cell(hide_code=True)
def _():
    welcome = parts.words(
        "welcome",
        translate("Application 3: residual and efficient blocks"),
        translate(
            "Deeper nets should be better, and at some depth they are worse, on training images "
            "too. Residual blocks add what a few layers compute to what went in, and nets of a "
            "hundred layers train. Other blocks save: bottlenecks, depthwise-separable "
            "convolutions, maps weighed by squeeze-and-excite."
        ),
        translate(
            "Choose from the menus: the drawings answer at once. What must be trained first "
            "starts with a button, and is kept for the next time."
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
    blocks_words = parts.words(
        "blocks",
        translate("A block, layer by layer"),
        translate(
            "What goes around the layers is the shortcut. Where a block changes the shape, "
            "because it gives more maps or takes a stride, the shortcut is a 1×1 convolution; "
            "else it is what went in, unchanged."
        ),
        translate(
            "The basic block has two 3×3 convolutions. The bottleneck filters a quarter of the "
            "maps, between two 1×1 convolutions. Version 2 normalises and detects first, so that "
            "nothing cuts the way from block to block."
        ),
    )
    page.show(blocks_words)
    return (blocks_words,)


@app.cell
def _():
    menus = third.menus()
    name = mo.ui.dropdown(third.block_names(), value="basic", label=translate("block"))
    channels = mo.ui.slider(
        steps=menus["channels"], value=64, label=translate("maps in"), show_value=True
    )
    filters = mo.ui.slider(
        steps=menus["channels"], value=64, label=translate("maps out"), show_value=True
    )
    stride = mo.ui.slider(
        steps=menus["strides"], value=1, label=translate("stride"), show_value=True
    )
    squeeze = mo.ui.dropdown(
        menus["squeeze"],
        value=next(iter(menus["squeeze"])),
        label=translate("squeeze-and-excite"),
    )
    mo.hstack([name, channels, filters, stride, squeeze], justify="start", wrap=True)
    return channels, filters, name, squeeze, stride


@app.cell
def _(channels, filters, name, squeeze, stride):
    chosen = third.Chosen(name.value, channels.value, filters.value, stride.value, squeeze.value)
    block_found = third.block(chosen)
    page.show(block_found)
    return block_found, chosen


@app.cell
def _(chosen):
    costs_found = third.costs(chosen)
    page.show(costs_found)
    return (costs_found,)


@app.cell
def _(name):
    hand_found = third.by_hand(name.value)
    page.show(hand_found)
    return (hand_found,)


@app.cell(hide_code=True)
def _():
    ratio_words = parts.words(
        "ratio",
        translate("What a bottleneck saves"),
        translate(
            "How many times fewer parameters a bottleneck has depends on what it is compared "
            "with: two 3×3 convolutions on as many maps, or the basic block of a net that is as "
            "wide."
        ),
    )
    page.show(ratio_words)
    return (ratio_words,)


@app.cell
def _():
    ratio_found = third.ratios()
    page.show(ratio_found)
    return (ratio_found,)


@app.cell(hide_code=True)
def _():
    depth_words = parts.words(
        "depth",
        translate("What depth does, and shortcuts"),
        translate(
            "A gradient is no use if it dies out on the way back, bursts, or differs from batch "
            "to batch. The lines show each layer from the image to the logits: how strong its "
            "gradient is, whether four batches agree on it, and how widely what goes in is spread."
        ),
    )
    page.show(depth_words)
    return (depth_words,)


@app.cell
def _(asked):
    watch = mo.ui.run_button(label=translate("Watch the gradients"))
    page.only_on_page(watch, asked)
    return (watch,)


@app.cell
def _(asked, watch):
    if asked.script or watch.value:
        with application.progress(asked, translate("watching nets")) as show:
            depth_found = third.depth(asked, show)
    else:
        depth_found = parts.unmeasured()
    page.show(depth_found)
    return (depth_found,)


@app.cell(hide_code=True)
def _():
    separable_words = parts.words(
        "separable",
        translate("Depthwise-separable convolution against convolution"),
        translate(
            "Filtering each map by itself and mixing the maps by 1×1 takes about a ninth of the "
            "parameters and of the work. As accurate? That is three questions: at equal width, "
            "at equal parameters, at equal MACs."
        ),
    )
    page.show(separable_words)
    return (separable_words,)


@app.cell
def _(asked):
    run_separable = mo.ui.run_button(label=translate("Run the study of separable convolution"))
    page.only_on_page(run_separable, asked)
    return (run_separable,)


@app.cell
def _(asked, run_separable, tick):
    tick
    separable_job = work.asked_for(studies.SEPARABLE, asked, start=run_separable.value)
    page.progress(separable_job)
    return


@app.cell
def _(asked, ended):
    ended()
    separable_study = application.settled(studies.SEPARABLE, asked)
    separable_found = studies.answer(separable_study) if separable_study else studies.missing()
    page.show(separable_found)
    return (separable_found,)


@app.cell(hide_code=True)
def _():
    accuracy_words = parts.words(
        "accuracy",
        translate("Accuracy per parameter, per MAC, per second"),
        translate(
            "Basic blocks, bottlenecks, version 2, squeeze-and-excite, separable, inverted and "
            "dense nets on the same images. Which is best depends on what it is to be cheap in."
        ),
    )
    page.show(accuracy_words)
    return (accuracy_words,)


@app.cell
def _(asked):
    run_pareto = mo.ui.run_button(label=translate("Run the study of architectures"))
    page.only_on_page(run_pareto, asked)
    return (run_pareto,)


@app.cell
def _(asked, run_pareto, tick):
    tick
    pareto_job = work.asked_for(studies.PARETO, asked, start=run_pareto.value)
    page.progress(pareto_job)
    return


@app.cell
def _(asked, ended):
    ended()
    pareto_study = application.settled(studies.PARETO, asked)
    accuracy_found = (
        [*third.accuracy(pareto_study), *studies.answer(pareto_study)]
        if pareto_study
        else studies.missing()
    )
    page.show(accuracy_found)
    return (accuracy_found,)


@app.cell(hide_code=True)
def _():
    claims_words = parts.words(
        "claims",
        translate("What the course says, and what was measured"),
        translate(
            "Measured on CIFAR-10 with paired seeds at the quick budget: narrow nets, 5,000 "
            "images, 8 epochs. A longer training may say otherwise; `evrisim claims` has the "
            "commands that ask again."
        ),
    )
    page.show(claims_words)
    return (claims_words,)


@app.cell
def _():
    claims_found = third.claims()
    page.show(claims_found)
    return (claims_found,)


@app.cell
def _(
    accuracy_found,
    accuracy_words,
    asked,
    block_found,
    blocks_words,
    claims_found,
    claims_words,
    costs_found,
    depth_found,
    depth_words,
    hand_found,
    ratio_found,
    ratio_words,
    separable_found,
    separable_words,
    welcome,
):
    application.finish(
        asked,
        [
            welcome,
            parts.joined(blocks_words, block_found, costs_found, hand_found),
            parts.joined(ratio_words, ratio_found),
            parts.joined(depth_words, depth_found),
            parts.joined(separable_words, separable_found),
            parts.joined(accuracy_words, accuracy_found),
            parts.joined(claims_words, claims_found),
        ],
    )
    return


if __name__ == "__main__":
    app.run()
