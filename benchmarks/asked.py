"""Questions asked over HTTP at two sizes of a history in turn, each beside the same by obvious SQL: one row each."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from benchmarks.report import durations_ms, percentile

HEADS = "question | p50 | p99 | plain p50 | product ÷ plain | p50 at the smaller size | growth"

Ask = Callable[[], object]


class Case(NamedTuple):
    """A question, and the same as the obvious program asks it, if it can."""

    name: str
    product: Ask
    plain: Ask | None


def heading(title: str, plain: str) -> None:
    print(f"\n## {title}\n\nPlain: {plain}\n\n| {HEADS} |\n|{'---|' * 7}", flush=True)


def row(small: Case, large: Case, asked: int, asked_plainly: int = 3) -> None:
    """``small`` and ``large``: the same question at either size, asked so many times each."""
    at_small, at_large = [], []
    small.product(), large.product()  # the first time prepares statements and reads pages
    for _ in range(asked):  # in turn: the machine's mood meets both
        at_small += durations_ms(small.product, 1)
        at_large += durations_ms(large.product, 1)
    p50, p99, before = percentile(at_large, 0.5), percentile(at_large, 0.99), percentile(at_small, 0.5)
    beside = "– | –"
    if large.plain:
        plain = percentile(durations_ms(large.plain, asked_plainly), 0.5)
        beside = f"{plain:.1f} | {p50 / plain:.3f} ×"
    print(f"| {large.name} | {p50:.2f} | {p99:.2f} | {beside} | {before:.2f} | {p50 / before:.2f} × |", flush=True)
