"""How figures are taken and printed: the product, the baseline, and their ratio from the same run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which ``part`` (0 to 1) of ``values`` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def durations_ms(run: Callable[[], object], times: int) -> list[float]:
    """How long each of ``times`` runs took."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def row(figure: str, product: str, baseline: str, ratio: float) -> None:
    print(f"| {figure} | {product} | {baseline} | {ratio:.2f} × |", flush=True)


def heading(title: str) -> None:
    print(f"\n## {title}\n\n| figure | product | baseline | product ÷ baseline |\n|---|---|---|---|", flush=True)
