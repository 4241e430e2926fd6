"""Names that load their module on first use, so that importing a package costs nothing."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def front(package: str, modules: Mapping[str, str]) -> tuple[Callable[[str], Any], list[str]]:
    """Make `__getattr__` and `__all__` for a package front.

    Args:
        package: Name of the package, for the message about an unknown name.
        modules: Where each public name lives; a name that is its module's own last part gives
            the module.
    """

    def load(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(modules[name])
        return module if modules[name].endswith(f".{name}") else getattr(module, name)

    return load, sorted(modules)
