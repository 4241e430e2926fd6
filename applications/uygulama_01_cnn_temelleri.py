import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="evrisim · 1 · CNN")

with app.setup:
    import marimo as mo

    from evrisim.applications import first, layer, page, parts, studies, work
    from evrisim.cli import application
    from evrisim.messages import translate


@app.cell
def _():
    begun = application.begin(mo.app_meta().mode)
    page.style()
    return (begun,)


@app.cell(hide_code=True)
def _():
    welcome = parts.words(
        "welcome",
        translate("Application 1: the foundations of a convnet"),
        translate(
            "A convnet looks at an image through many small kernels, keeps what they find, and "
            "condenses it until a few numbers say what is in the image."
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
    kernel_words = parts.words(
        "kernel",
        translate("Filter, detect, condense"),
        translate(
            "A kernel is a small table of weights. It slides over the image; at each place the "
            "weights are multiplied with the pixels below them and summed. The sum is large where "
            "the image looks like the kernel. ReLU then drops everything negative, and max "
            "pooling keeps the largest value of each small square."
        ),
    )
    page.show(kernel_words)
    return (kernel_words,)


@app.cell
def _():
    photograph = mo.ui.dropdown(
        {translate("temple"): "china", translate("flower"): "flower"},
        value=translate("temple"),
        label=translate("photograph"),
    )
    kernel_name = mo.ui.dropdown(
        first.kernel_names(), value="horizontal-lines", label=translate("kernel")
    )
    mo.hstack([photograph, kernel_name], justify="start")
    return kernel_name, photograph


@app.cell
def _(kernel_name, photograph):
    kernel_found = first.kernel(photograph.value, kernel_name.value)
    page.show(kernel_found)
    return (kernel_found,)


@app.cell(hide_code=True)
def _():
    cost_words = parts.words(
        "one-layer",
        translate("What one layer costs"),
        translate(
            "A filter has one weight for each cell of its kernel in each channel that comes in, "
            "and perhaps a bias. The same weights are used at every place of the image: so the "
            "size of the image does not change the number of parameters, but it does change the "
            "work. A stride of 2 leaves a quarter of the places, and so a quarter of the work."
        ),
        translate(
            "Try it: 5 × 5 kernels over 32 channels with 64 filters. Is it 18,496 parameters?"
        ),
    )
    page.show(cost_words)
    return (cost_words,)


@app.cell
def _():
    filters = mo.ui.slider(
        8, 256, 8, value=64, label=translate("filters"), show_value=True, debounce=False
    )
    kernel_size = mo.ui.slider(
        1, 11, 2, value=3, label=translate("kernel size"), show_value=True, debounce=False
    )
    stride = mo.ui.slider(1, 4, 1, value=1, label=translate("stride"), show_value=True)
    channels = mo.ui.slider(
        steps=[1, 3, 16, 32, 64, 128], value=32, label=translate("channels in"), show_value=True
    )
    bias = mo.ui.switch(value=True, label=translate("bias"))
    mo.hstack([filters, kernel_size, stride, channels, bias], justify="start", wrap=True)
    return bias, channels, filters, kernel_size, stride


@app.cell
def _(bias, channels, filters, kernel_size, stride):
    chosen_layer = layer.Layer(
        channels=channels.value,
        filters=filters.value,
        kernel_size=kernel_size.value,
        stride=stride.value,
        bias=bias.value,
    )
    cost_found = [*first.layer_cost(chosen_layer), *first.in_code(chosen_layer)]
    page.show(cost_found)
    return (cost_found,)


@app.cell(hide_code=True)
def _():
    model_words = parts.words(
        "model",
        translate("The whole architecture"),
        translate(
            "Five blocks of convolution, batch normalisation and ReLU; two of them halve rows and "
            "columns by max pooling. Global average pooling then turns each feature map into one "
            "number, and a dense layer weighs these numbers into a score for each class."
        ),
        translate(
            "It is trained on the training images, steered by the validation images, and judged "
            "once on the test images. Heat maps show where it looked: Grad-CAM weighs the last "
            "feature maps by how much each raises the score of the class."
        ),
    )
    page.show(model_words)
    return (model_words,)


@app.cell
def _(asked):
    train_model = mo.ui.run_button(label=translate("Train the model"))
    page.only_on_page(train_model, asked)
    return (train_model,)


@app.cell
def _(asked, tick, train_model):
    tick
    model_job = work.asked_for(work.MODEL, asked, start=train_model.value)
    page.progress(model_job)
    return


@app.cell
def _(asked, ended):
    ended()
    run = application.trained(asked)
    model_found = first.result(run, asked) if run else first.missing_model()
    page.show(model_found)
    return model_found, run


@app.cell(hide_code=True)
def _():
    filters_words = parts.words(
        "filters",
        translate("How large, and how many?"),
        translate(
            "A larger kernel sees more of the image at once, and costs more: 5 × 5 takes almost "
            "three times the work of 3 × 3. More filters can tell more features apart, and cost "
            "more, too. Two 3 × 3 convolutions in a row see 5 × 5 pixels, for less."
        ),
        translate(
            "This is a question for an experiment: every combination of two kernel sizes and two "
            "widths is trained, with the same seeds, and compared seed by seed."
        ),
    )
    page.show(filters_words)
    return (filters_words,)


@app.cell
def _(asked):
    run_filters = mo.ui.run_button(label=translate("Run the study of filters"))
    page.only_on_page(run_filters, asked)
    return (run_filters,)


@app.cell
def _(asked, run_filters, tick):
    tick
    filters_job = work.asked_for(studies.FILTERS, asked, start=run_filters.value)
    page.progress(filters_job)
    return


@app.cell
def _(asked, ended):
    ended()
    filters_study = application.settled(studies.FILTERS, asked)
    filters_found = studies.answer(filters_study) if filters_study else studies.missing()
    page.show(filters_found)
    return (filters_found,)


@app.cell(hide_code=True)
def _():
    stride_words = parts.words(
        "stride",
        translate("A stride, or pooling?"),
        translate(
            "Both halve rows and columns. Max pooling computes every place and keeps the largest "
            "of four; a convolution of stride 2 computes one place of four and lets training "
            "decide what to keep. That is less work. Does it cost accuracy?"
        ),
    )
    page.show(stride_words)
    return (stride_words,)


@app.cell
def _(asked):
    run_stride = mo.ui.run_button(label=translate("Run the study of stride and pooling"))
    page.only_on_page(run_stride, asked)
    return (run_stride,)


@app.cell
def _(asked, run_stride, tick):
    tick
    stride_job = work.asked_for(studies.CONDENSING, asked, start=run_stride.value)
    page.progress(stride_job)
    return


@app.cell
def _(asked, ended):
    ended()
    stride_study = application.settled(studies.CONDENSING, asked)
    stride_found = studies.answer(stride_study) if stride_study else studies.missing()
    page.show(stride_found)
    return (stride_found,)


@app.cell(hide_code=True)
def _():
    maps_words = parts.words(
        "maps",
        translate("Feature maps: what the layers see"),
        translate(
            "Each filter answers an image with a feature map: bright where it found what it looks "
            "for. The first layer finds edges and colours; deeper layers find parts, in fewer and "
            "coarser cells. Compare the model before and after training, if it is trained."
        ),
    )
    page.show(maps_words)
    return (maps_words,)


@app.cell
def _(asked, run):
    available = first.models(asked, run)
    pictures = first.images(asked)
    which = mo.ui.dropdown(list(available), value=next(iter(available)), label=translate("model"))
    picture = mo.ui.dropdown(pictures, value=next(iter(pictures)), label=translate("image"))
    shown = mo.ui.slider(4, 32, 4, value=16, label=translate("maps"), show_value=True)
    return available, picture, shown, which


@app.cell
def _(available, picture, shown, which):
    looked_at = available[which.value]
    names = first.layers(looked_at)
    at = mo.ui.dropdown(names, value=names[0], label=translate("layer"))
    mo.hstack([which, picture, at, shown], justify="start", wrap=True)
    return at, looked_at


@app.cell
def _(asked, at, looked_at, picture, shown):
    maps_found = first.feature_maps(
        looked_at, first.image(asked, picture.value), at.value, shown.value
    )
    page.show(maps_found)
    return (maps_found,)


@app.cell
def _(looked_at):
    kernels_found = first.learned(looked_at)
    page.show(kernels_found)
    return (kernels_found,)


@app.cell(hide_code=True)
def _():
    whole_words = parts.words(
        "whole",
        translate("What the whole model costs"),
        translate(
            "A MAC is one multiplication and one addition; it counts as two FLOPs. Early layers "
            "have few parameters but many places; late layers have many parameters but few "
            "places. So the work and the parameters are not in the same layers."
        ),
    )
    page.show(whole_words)
    return (whole_words,)


@app.cell
def _(asked):
    whole_found = first.cost(asked)
    page.show(whole_found)
    return (whole_found,)


@app.cell
def _(
    asked,
    cost_found,
    cost_words,
    filters_found,
    filters_words,
    kernel_found,
    kernel_words,
    kernels_found,
    maps_found,
    maps_words,
    model_found,
    model_words,
    stride_found,
    stride_words,
    welcome,
    whole_found,
    whole_words,
):
    application.finish(
        asked,
        [
            welcome,
            parts.joined(kernel_words, kernel_found),
            parts.joined(cost_words, cost_found),
            parts.joined(model_words, model_found),
            parts.joined(filters_words, filters_found),
            parts.joined(stride_words, stride_found),
            parts.joined(maps_words, maps_found, kernels_found),
            parts.joined(whole_words, whole_found),
        ],
    )
    return


if __name__ == "__main__":
    app.run()
