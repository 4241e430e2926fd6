"""Studies: arms that change settings, paired seeds, intervals, a verdict."""

from evrisim._lazy import front

_MODULES = {
    "NAMES": "evrisim.study.shipped",
    "Arm": "evrisim.study.design",
    "ArmResult": "evrisim.study.results",
    "Claim": "evrisim.study.design",
    "Comparison": "evrisim.study.results",
    "Factor": "evrisim.study.design",
    "Findings": "evrisim.study.results",
    "Order": "evrisim.study.plan",
    "Progress": "evrisim.study.runner",
    "Study": "evrisim.study.design",
    "StudyRun": "evrisim.study.record",
    "judge": "evrisim.study.verdict",
    "load": "evrisim.study.reading",
    "named": "evrisim.study.shipped",
    "parse": "evrisim.study.reading",
    "to_json": "evrisim.study.verdict",
}

__getattr__, __all__ = front(__name__, _MODULES)
