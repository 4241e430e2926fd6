"""The ledger's words: what the course says, in our own, and what verdicts are called."""

from evrisim.messages import translate as _
from evrisim.study import wording


def said() -> dict[str, str]:
    """Give what the course asserts, by the claim's id, in the language in use."""
    return {**_layers(), **_training(), **_residual_and_transfer(), **_numbers()}


def _layers() -> dict[str, str]:
    return {
        "C1": _("To halve a map, a convolution with stride 2 is preferred today to max pooling."),
        "C2": _("Global average pooling in place of Flatten saves very many parameters."),
        "C3": _(
            "A depthwise-separable convolution has about 87 % fewer parameters and is about as "
            "accurate."
        ),
        "C4": _("A convolution before batch normalisation has no use for a bias."),
        "C5": _("With small batches group normalisation is better than batch normalisation."),
        "C6": _("Max pooling keeps what is sharp, average pooling smooths it."),
        "C7": _("3×3 is the usual kernel; a larger one sees more and costs more."),
        "C8": _(
            "With dilation d a kernel of size k reaches over k + (k−1)(d−1): 3×3 over 5×5 with "
            "d = 2, over 9×9 with d = 4."
        ),
    }


def _training() -> dict[str, str]:
    return {
        "C9": _("Augmentation lessens overfitting."),
        "C10": _("Too much augmentation makes a model underfit."),
        "C11": _("CutMix and MixUp gain 1 to 2 points of accuracy on CIFAR-10."),
        "C12": _("Augmented validation images give a misleading result."),
    }


def _residual_and_transfer() -> dict[str, str]:
    return {
        "C13": _(
            "In plain nets of 100 layers and more the gradient dies out; with shortcuts they train."
        ),
        "C14": _("A bottleneck block has about 4 times fewer parameters."),
        "C15": _(
            "Residual blocks that normalise first (version 2) train more steadily, with cleaner "
            "gradients."
        ),
        "C16": _("Squeeze-and-excite makes a model more accurate for few parameters."),
        "C17": _("On CIFAR-10 a pre-trained model gets 90 % right, one from scratch 85 %."),
        "C18": _("Training the head first, then fine-tuning, beats fine-tuning at once."),
        "C19": _(
            "Batch normalisation left unfrozen in fine-tuning costs accuracy, most with small "
            "batches."
        ),
        "C20": _(
            "Unless the learning rate of fine-tuning is 10 to 100 times smaller, the model forgets "
            "what it knew."
        ),
        "C21": _(
            "The amount of data decides the strategy: frozen below 1,000 images, partly open up "
            "to 10,000, all open above."
        ),
        "C22": _("Warm-up, cosine decay and early stopping help fine-tuning."),
    }


def _numbers() -> dict[str, str]:
    return {
        "C23": _(
            "A 5×5 convolution from 32 to 64 channels has (5x5x32 + 1) x 64 = 18,496 parameters."
        ),
        "C24": _("Padding 'same' repeats the pixels at the edge."),
        "C25": _("RandomRotation(0.1) turns images by up to 36° either way."),
        "C26": _("The parameters that the table of architectures gives for seven models."),
        "C27": _("A model trained from scratch gets 85 % and more of CIFAR-10 right."),
        "C28": _("Prefetching brings the time that training waits for data to zero."),
        "C29": _("Grad-CAM shows where the model looks."),
    }


def verdicts() -> dict[str, str]:
    """Name the verdicts in the language in use."""
    return {
        "true": _("true"),
        "false": _("false"),
        "partly": _("partly true"),
        **wording.verdicts(),
        "not measured": _("not measured yet"),
    }


def ways() -> dict[str, str]:
    """Name the ways of settling a claim in the language in use."""
    return {
        "arithmetic": _("arithmetic"),
        "measurement": _("measurement"),
        "study": _("study"),
    }


def tested() -> dict[str, str]:
    """Say what each kind of a study's claim means; to be filled with two arms and points."""
    return {
        "better": _("{arm} is at least {points} better than {against}"),
        "worse": _("{arm} is at least {points} worse than {against}"),
        "same": _("{arm} and {against} are within {points} of each other"),
        "not-better": _("{arm} is not more than {points} better than {against}"),
        "not-worse": _("{arm} is not more than {points} worse than {against}"),
    }


def to_come() -> dict[str, str]:
    """Say which comparison will settle a claim that no study settles yet."""
    return {
        "C6": _("A study of models with max and with average pooling."),
    }


def reencoded(data: str) -> str:
    """Say that images were not the published ones, which score a little otherwise."""
    return _("Measured on a re-encoded copy of {data}, not on the published files.").format(
        data=data
    )
