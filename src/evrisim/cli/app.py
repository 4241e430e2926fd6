"""The tree of commands."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from evrisim import __version__
from evrisim.cli import (
    app_page,
    augmentations,
    backbones,
    claims,
    cost,
    data,
    demo,
    depth,
    doctor,
    evaluate,
    explain,
    features,
    forgetting,
    kernel,
    learning_rate,
    models,
    normalisation,
    options,
    pipeline,
    pooling,
    predict,
    receptive_field,
    report,
    robustness,
    shortcuts,
    study,
    train,
    transfer,
    trust,
)
from evrisim.messages import translate as _

_COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo.demo,
    "train": train.train,
    "transfer": transfer.transfer,
    "evaluate": evaluate.evaluate,
    "robustness": robustness.robustness,
    "predict": predict.predict,
    "report": report.report,
    "explain": explain.explain,
    "trust": trust.trust,
    "shortcuts": shortcuts.shortcuts,
    "kernel": kernel.kernel,
    "features": features.features,
    "receptive-field": receptive_field.receptive_field,
    "pooling": pooling.pooling,
    "normalisation": normalisation.normalisation,
    "depth": depth.depth,
    "cost": cost.cost,
    "pipeline": pipeline.pipeline,
    "learning-rate": learning_rate.learning_rate,
    "schedule": learning_rate.schedule,
    "claims": claims.claims,
    "models": models.models,
    "backbones": backbones.backbones,
    "forgetting": forgetting.forgetting,
    "app": app_page.app,
    "doctor": doctor.doctor,
}


# Typer carries its own copy of Click or uses the installed one, depending on its version.
_UsageError: Any = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


def run(arguments: Sequence[str]) -> int | None:
    """Run one command line and give its exit code; wrong usage is said in a sentence, code 2."""
    command = typer.main.get_command(_app())
    try:
        return command.main(list(arguments), prog_name="evrisim", standalone_mode=False)
    except _UsageError as error:
        error.show()
        return error.exit_code
    except typer.Abort:
        raise KeyboardInterrupt from None


def _app() -> typer.Typer:
    app = typer.Typer(
        help=_("A convnet laboratory: train, measure honestly, see where it looks."),
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_root)
    for name, function in _COMMANDS.items():
        options.add(app, name, function)
    app.add_typer(data.app(), name="data")
    app.add_typer(augmentations.app(), name="augmentations")
    app.add_typer(study.app(), name="study")
    return app


def _print_version(asked: bool) -> None:
    if asked:
        print(f"evrisim {__version__}")  # noqa: T201
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help=_("Print the version."), is_eager=True, callback=_print_version
        ),
    ] = False,
    lang: options.Lang = None,
) -> None:
    pass
