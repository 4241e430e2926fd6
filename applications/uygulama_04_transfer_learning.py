import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="evrisim · 4 · Transfer learning")

with app.setup:
    import marimo as mo

    from evrisim.applications import fourth, page, parts, studies, work
    from evrisim.cli import application
    from evrisim.messages import translate


@app.cell
def _():
    begun = application.begin(mo.app_meta().mode, 4)
    page.style()
    return (begun,)


@app.cell(hide_code=True)
def _():
    welcome = parts.words(
        "welcome",
        translate("Application 4: transfer learning and explanation"),
        translate(
            "Edges, textures and shapes are the same in most photographs. A net that has learned "
            "them from a million images is taken over: its head is replaced, and trained on the "
            "few images one has. How much of the rest should train with it, what it costs, what "
            "is forgotten, and where the net looks afterwards is what this application asks."
        ),
        translate(
            "Choose from the menus, or bring a photograph of your own. What must be trained first "
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
    backbone = mo.ui.dropdown(
        fourth.backbones(), value=fourth.backbone_name(begun), label=translate("net to take over")
    )
    page.only_on_page(mo.hstack([budget, backbone, tick], justify="start", wrap=True), begun)
    return backbone, budget, ended, set_ended, tick


@app.cell
def _(backbone, begun, budget):
    asked = application.with_budget(begun, budget.value)
    taking = application.with_backbone(asked, backbone.value)
    return asked, taking


@app.cell
def _(ended, set_ended, tick):
    tick
    if work.ended() != ended():
        set_ended(work.ended())
    return


@app.cell
def _(taking):
    backbone_found = fourth.backbone(taking)
    page.show(backbone_found)
    return (backbone_found,)


@app.cell(hide_code=True)
def _():
    strategies_words = parts.words(
        "strategies",
        translate("Three strategies, and none"),
        translate(
            "Only the new head trains (head); the end of the trunk trains after it (part); all of "
            "it trains after it (all). And for comparison the same net with random weights "
            "(scratch). What never trains is computed once for all epochs and seeds, which is why "
            "the first two are so quick."
        ),
    )
    page.show(strategies_words)
    return (strategies_words,)


@app.cell
def _(taking):
    run_strategies = mo.ui.run_button(label=translate("Run the study of strategies"))
    page.only_on_page(run_strategies, taking)
    return (run_strategies,)


@app.cell
def _(run_strategies, taking, tick):
    tick
    strategies_job = work.asked_for(studies.STRATEGIES, taking, start=run_strategies.value)
    page.progress(strategies_job)
    return


@app.cell
def _(ended, taking):
    ended()
    strategies_study = application.settled(studies.STRATEGIES, taking)
    strategies_found = (
        fourth.strategies(strategies_study) if strategies_study else studies.missing()
    )
    page.show(strategies_found)
    return (strategies_found,)


@app.cell(hide_code=True)
def _():
    stages_words = parts.words(
        "stages",
        translate("Two stages: first the head, then the end of the trunk"),
        translate(
            "A new head begins with random weights. Its gradients would spoil what the trunk has "
            "learned, so it trains alone first. Then the last layers train with it, at a small "
            "rate that warms up and falls like a cosine, until validation gets no better. Batch "
            "normalisations stay as they are: their statistics come from a million images, those "
            "of small batches would not be as good."
        ),
    )
    page.show(stages_words)
    return (stages_words,)


@app.cell
def _(taking):
    schedule_found = fourth.schedule(taking)
    page.show(schedule_found)
    return (schedule_found,)


@app.cell
def _(taking):
    train = mo.ui.run_button(label=translate("Train in two stages"))
    page.only_on_page(train, taking)
    return (train,)


@app.cell
def _(taking, tick, train):
    tick
    page.progress(work.asked_for(work.TAKEN, taking, start=train.value))
    return


@app.cell
def _(ended, taking):
    ended()
    run = application.taken_over(taking)
    stages_found = fourth.two_stages(run) if run else fourth.missing_run()
    page.show(stages_found)
    return run, stages_found


@app.cell
def _():
    code_found = fourth.in_code()
    page.show(code_found)
    return (code_found,)


@app.cell(hide_code=True)
def _():
    forgetting_words = parts.words(
        "forgetting",
        translate("What a net forgets while it learns"),
        translate(
            "A small net learns the first half of the classes, then the second half, and is asked "
            "for the first again after every epoch. Ten times smaller steps, a frozen trunk, or "
            "old images shown again: each is said to help."
        ),
    )
    page.show(forgetting_words)
    return (forgetting_words,)


@app.cell
def _(asked):
    measure_forgetting = mo.ui.run_button(label=translate("Measure forgetting"))
    page.only_on_page(measure_forgetting, asked)
    return (measure_forgetting,)


@app.cell
def _(asked, measure_forgetting, tick):
    tick
    page.progress(work.asked_for(work.FORGOTTEN, asked, start=measure_forgetting.value))
    return


@app.cell
def _(asked, ended):
    ended()
    forgetting_found = fourth.forgetting(application.forgotten, asked)
    page.show(forgetting_found)
    return (forgetting_found,)


@app.cell(hide_code=True)
def _():
    heat_words = parts.words(
        "heat",
        translate("Where it looks"),
        translate(
            "Heat shows which places raised the score of one class. The three likeliest classes "
            "stand side by side: a good map of one class is cold where another one is hot. Bring "
            "a photograph of your own and see what the net takes it for; it stays on this machine."
        ),
    )
    page.show(heat_words)
    return (heat_words,)


@app.cell
def _(run, taking):
    nets, images = fourth.nets(run), fourth.images(taking)
    net = mo.ui.dropdown(nets, value=next(iter(nets)), label=translate("net"))
    image = mo.ui.dropdown(images, value=next(iter(images)), label=translate("image"))
    method = mo.ui.dropdown(fourth.methods(), value="grad-cam", label=translate("method"))
    own = mo.ui.file(
        kind="button", max_size=fourth.UPLOAD, label=translate("a photograph of your own")
    )
    page.only_on_page(mo.hstack([net, image, method, own], justify="start", wrap=True), taking)
    return image, method, net, own


@app.cell
def _(image, method, net, own):
    given = fourth.Given(own.name(), own.contents()) if own.value else image.value
    heat_found = fourth.heat(net.value, given, method.value)
    page.show(heat_found)
    return (heat_found,)


@app.cell(hide_code=True)
def _():
    trust_words = parts.words(
        "trust",
        translate("How far to trust the heat"),
        translate(
            "If heat marks what counts, removing the hottest pixels must lower the probability "
            "sooner than removing any; and a net whose weights are shuffled must have other maps. "
            "Where the object's place is known, the hottest point should be on it."
        ),
    )
    page.show(trust_words)
    return (trust_words,)


@app.cell
def _(taking):
    measure_trust = mo.ui.run_button(label=translate("Measure trust"))
    page.only_on_page(measure_trust, taking)
    return (measure_trust,)


@app.cell
def _(measure_trust, run, taking):
    if run and (taking.script or measure_trust.value):
        with application.progress(taking, translate("explaining images")) as show:
            trust_found = fourth.trusted(run, taking, show)
    else:
        trust_found = parts.unmeasured()
    page.show(trust_found)
    return (trust_found,)


@app.cell(hide_code=True)
def _():
    right_words = parts.words(
        "right-and-wrong",
        translate("Right and wrong"),
        translate(
            "A net is understood by its mistakes. Each number of the table leads to images behind "
            "it, with the heat for what was said and for what is true."
        ),
    )
    page.show(right_words)
    return (right_words,)


@app.cell
def _(run, taking):
    right_found = fourth.right_and_wrong(run, taking) if run else fourth.missing_run()
    page.show(right_found)
    return (right_found,)


@app.cell(hide_code=True)
def _():
    claims_words = parts.words(
        "claims",
        translate("What the course says, and what was measured"),
        translate(
            "Measured on CIFAR-10 with MobileNetV2 and paired seeds at the quick budget; "
            "forgetting with a small net, heat on drawn shapes. `evrisim claims` has the commands "
            "that ask again."
        ),
    )
    page.show(claims_words)
    return (claims_words,)


@app.cell
def _():
    claims_found = fourth.claims()
    page.show(claims_found)
    return (claims_found,)


@app.cell
def _(
    backbone_found,
    claims_found,
    claims_words,
    code_found,
    forgetting_found,
    forgetting_words,
    heat_found,
    heat_words,
    right_found,
    right_words,
    schedule_found,
    stages_found,
    stages_words,
    strategies_found,
    strategies_words,
    taking,
    trust_found,
    trust_words,
    welcome,
):
    application.finish(
        taking,
        [
            parts.joined(welcome, backbone_found),
            parts.joined(strategies_words, strategies_found),
            parts.joined(stages_words, schedule_found, stages_found, code_found),
            parts.joined(forgetting_words, forgetting_found),
            parts.joined(heat_words, heat_found),
            parts.joined(trust_words, trust_found),
            parts.joined(right_words, right_found),
            parts.joined(claims_words, claims_found),
        ],
    )
    return


if __name__ == "__main__":
    app.run()
