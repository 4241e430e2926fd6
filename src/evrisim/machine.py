"""What the numbers were made on: processor, threads, versions."""

import os
import platform
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("evrisim", "keras", "tensorflow", "jax", "torch", "numpy", "pillow", "scikit-learn")


def cores() -> int:
    """Count the processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_native_bfloat16() -> bool:
    """Tell whether the processor multiplies bfloat16 itself (AVX512_BF16 or AMX)."""
    return bool({"avx512_bf16", "amx_bf16"} & _processor()[1])


def has_fast_bfloat16() -> bool:
    """Tell whether the processor multiplies bfloat16 faster than float32.

    With AMX, or AMD's AVX512_BF16. On Intel's without AMX a bfloat16 convolution was measured to
    take twice as long as one in float32.
    """
    flags = _processor()[1]
    return "amx_bf16" in flags or ("avx512_bf16" in flags and _processor()[2] == "AuthenticAMD")


@cache
def has_gpu() -> bool:
    """Tell whether Keras' backend computes on a graphics card or another accelerator."""
    import keras

    if keras.backend.backend() == "torch":  # Keras does not list its devices
        import torch

        return bool(torch.cuda.is_available())
    if keras.backend.backend() not in ("tensorflow", "jax"):
        return False
    return not all("cpu" in name.lower() for name in keras.distribution.list_devices())


def memory_bytes() -> int:
    """Give the memory of the machine in bytes (0 where it cannot be told)."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0


def peak_memory() -> int:
    """Give the most memory this process has held, in bytes (0 where it cannot be told)."""
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.is_file() else ():
        # Not `getrusage`: on Linux a process starts there with the peak of the one that made it.
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def versions() -> dict[str, str]:
    """Give the versions of Python and of the packages that make the numbers."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def describe() -> dict[str, Any]:
    """Describe the machine as plain JSON values: what can change a result bit for bit."""
    return {
        "processor": _processor()[0],
        "cores": cores(),
        "memory_gib": round(memory_bytes() / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "native_bfloat16": has_native_bfloat16(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "threads": {
            name: os.environ[name]
            for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
            if name in os.environ
        },
    }


@cache
def _processor() -> tuple[str, frozenset[str], str]:
    """Give the processor's name, its instruction sets and its maker as Linux names them."""
    if sys.platform != "linux":
        return platform.processor() or platform.machine(), frozenset(), ""
    lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    fields = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    name = fields.get("model name") or fields.get("Processor") or platform.machine()
    flags = frozenset((fields.get("flags") or fields.get("Features") or "").split())
    return name, flags, fields.get("vendor_id", "")
