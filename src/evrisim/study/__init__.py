"""Studies: arms that change settings, paired seeds, intervals, a verdict."""

from evrisim._lazy import front

_MODULES = {
    "Arm": "evrisim.study.design",
    "ArmResult": "evrisim.study.results",
    "Claim": "evrisim.study.design",
    "Comparison": "evrisim.study.results",
    "Factor": "evrisim.study.design",
    "Findings": "evrisim.study.results",
    "Study": "evrisim.study.design",
    "judge": "evrisim.study.verdict",
    "to_json": "evrisim.study.verdict",
}

__getattr__, __all__ = front(__name__, _MODULES)
