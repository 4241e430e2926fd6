"""The claims ledger: what the course asserts, what settles it, and the verdict so far."""

from evrisim._lazy import front

_MODULES = {
    "ENTRIES": "evrisim.claims.ledger",
    "Entry": "evrisim.claims.ledger",
    "Ruling": "evrisim.claims.ledger",
    "VERDICTS": "evrisim.claims.ledger",
    "check_id": "evrisim.claims.ledger",
    "record": "evrisim.claims.recording",
    "rerun": "evrisim.claims.rerunning",
    "rulings": "evrisim.claims.judged",
    "said": "evrisim.claims.sentences",
}

__getattr__, __all__ = front(__name__, _MODULES)
