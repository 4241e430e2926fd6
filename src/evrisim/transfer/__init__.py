"""What a net has learned elsewhere, taken over: trunks, what of them trains, new heads."""

from evrisim.transfer.choosing import AUTO, DOMAINS, choose, spelled
from evrisim.transfer.classifier import HEADS, classifier
from evrisim.transfer.extraction import Extractor, features
from evrisim.transfer.freezing import NORM_POLICIES, Freezing, frozen, full, partial
from evrisim.transfer.spec import Spec
from evrisim.transfer.strategies import HEAD, STRATEGIES, TUNE, Stage, stages
from evrisim.transfer.training import NOBODY, Plan, Watch, train
from evrisim.transfer.trunks import Trunk, trunk, without_head

__all__ = [
    "AUTO",
    "DOMAINS",
    "HEAD",
    "HEADS",
    "NOBODY",
    "NORM_POLICIES",
    "STRATEGIES",
    "TUNE",
    "Extractor",
    "Freezing",
    "Plan",
    "Spec",
    "Stage",
    "Trunk",
    "Watch",
    "choose",
    "classifier",
    "features",
    "frozen",
    "full",
    "partial",
    "spelled",
    "stages",
    "train",
    "trunk",
    "without_head",
]
