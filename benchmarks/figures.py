"""What a benchmark gives: a named figure with its aim, and the machine and versions it was measured on."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import psutil

PACKAGES = ("anju", "numpy", "duckdb", "gmqtt", "iotcore", "msgspec", "pyarrow", "sqlalchemy", "pymodbus", "paho-mqtt")


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table. `lower`: less is better. Names are stable."""

    name: str
    value: float
    unit: str
    n: int
    aim: float | None = None
    lower: bool = False
    more: dict[str, Any] = field(default_factory=dict)
    """What else a reader wants to know: shares, CPU, memory."""

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None when there is none."""
        if self.aim is None:
            return None
        return self.value <= self.aim if self.lower else self.value >= self.aim

    def row(self) -> dict[str, Any]:
        """As it stands in bench.json."""
        value = round(self.value) if self.value >= 1000 else round(self.value, 2)
        return {
            "name": self.name,
            "value": value,
            "unit": self.unit,
            "aim": self.aim,
            "n": self.n,
            **self.more,
            "machine": machine(),
            "versions": versions(),
        }


def latency(prefix: str, took_s: Sequence[float], aims: Mapping[int, float | None], **more: Any) -> list[Figure]:
    """Percentiles of some durations, in ms, each with its aim."""
    return [
        Figure(
            f"{prefix}_p{percent}_ms",
            float(np.percentile(took_s, percent)) * 1000,
            "ms",
            len(took_s),
            aim=aim,
            lower=True,
            more=more,
        )
        for percent, aim in aims.items()
    ]


@cache
def machine() -> dict[str, Any]:
    """What it ran on, and how busy others kept it when it began (`load`: waiting processes, over the last minute)."""
    return {
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
    }


def versions() -> dict[str, str]:
    """What ran."""
    return {"python": platform.python_version(), **{package: _version(package) for package in PACKAGES}}


def memory_mb(pid: int) -> float:
    """What a process has for itself, and its share of what it shares."""
    return float(psutil.Process(pid).memory_full_info().pss) / 1e6


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "from source"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
