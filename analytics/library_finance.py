"""What memberships are worth and how long they last: MRR, ARPU, churn and lifetime value of each plan, and retention.

docs/library.md defines each. All is told from the months in which members joined and left, and from what was paid for
each plan by day; a member counts for the plan they have, or had when they left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from analytics.library import monthly
from core.clock import month_label
from core.statements import Prepared
from models import LibraryCohort, LibraryPlan, LibraryPlanDay
from rules.library_values import amount

WINDOW = 12  # months over which churn is taken


@dataclass(frozen=True, slots=True)
class Cohort:
    """Members of a plan who joined in one month and left in another; ``left``: 0 for those who have not."""

    plan_id: int
    left: int
    joined: int
    members: int


@dataclass(slots=True)
class _Sums:
    """Of one plan, or of all plans of a currency: money in minor units, members summed over the window's months."""

    members: int = 0
    mrr: int = 0
    paid: int = 0
    at_start: int = 0
    left: int = 0
    others: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, other: _Sums) -> None:
        self.members += other.members
        self.mrr += other.mrr
        self.paid += other.paid
        self.at_start += other.at_start
        self.left += other.left
        for currency, minor in other.others.items():
            self.others[currency] += minor

    def told(self, currency: str) -> dict[str, Any]:
        arpu = self.mrr / self.members if self.members else None
        churn = self.left / self.at_start if self.at_start else None
        return {
            "currency": currency,
            "members": self.members,
            "mrr": amount(self.mrr, currency),
            "paid": amount(self.paid, currency),
            "paid_in_other_currencies": {
                other: amount(minor, other) for other, minor in sorted(self.others.items()) if minor
            },
            "arpu": None if arpu is None else amount(round(arpu), currency),
            "left": self.left,
            "churn_percent": None if churn is None else round(100 * churn, 2),
            "lifetime_months": round(1 / churn, 1) if churn else None,
            "lifetime_value": None if arpu is None or not churn else amount(round(arpu / churn), currency),
        }


def metrics(connection: Connection, month: int, currency: str) -> dict[str, Any]:
    """Each plan, and all plans of each currency, by the twelve months before ``month``, which is the running one."""
    window = range(month - WINDOW, month)
    cohorts = _by_plan(_cohorts(connection))
    paid = _paid(connection, window)
    totals: defaultdict[str, _Sums] = defaultdict(_Sums)
    plans = []
    for plan in connection.execute(select(LibraryPlan.__table__).order_by(LibraryPlan.name_key)):
        sums = _plan_sums(plan, cohorts[plan.id], paid[plan.id], window)
        totals[plan.currency].add(sums)
        price = amount(plan.price_minor, plan.currency)
        plans.append({"plan_id": plan.id, "plan": plan.name, "price": price} | sums.told(plan.currency))
    listed = sorted(totals, key=lambda one: (one != currency, one))
    return {
        "from": month_label(window[0]),
        "to": month_label(window[-1]),
        "currency": currency,
        "plans": plans,
        "totals": [totals[one].told(one) for one in listed or [currency]],
    }


def retention(connection: Connection, month: int, cohorts: int, plan_id: int | None) -> list[dict[str, Any]]:
    """Of who signed up in each of the newest ``cohorts`` months up to ``month``, which runs: the share that stayed.

    ``retained``: percent still members at the end of the sign-up month, of the one after it, and so on, as far as
    months are over.
    """
    found: defaultdict[int, list[Cohort]] = defaultdict(list)
    for one in _cohorts(connection):
        if plan_id is None or one.plan_id == plan_id:
            found[one.joined].append(one)
    oldest = max(min(found, default=month), month - cohorts + 1)
    return [_retained(joined, found[joined], month) for joined in range(oldest, month + 1)]


def _retained(joined: int, cohort: Sequence[Cohort], month: int) -> dict[str, Any]:
    members = sum(one.members for one in cohort)
    kept = [sum(one.members for one in cohort if not one.left or one.left > end) for end in range(joined, month)]
    return {
        "month": month_label(joined),
        "members": members,
        "still_members": sum(one.members for one in cohort if not one.left),
        "retained": [round(100 * stayed / members, 1) for stayed in kept] if members else [],
    }


def _plan_sums(plan: Any, cohorts: Sequence[Cohort], paid: dict[str, int], window: range) -> _Sums:
    sums = _Sums(
        members=plan.user_count,
        mrr=monthly(plan.user_count * plan.price_minor, plan.billing_months),
        paid=paid.get(plan.currency, 0),
    )
    for currency, minor in paid.items():
        if currency != plan.currency:
            sums.others[currency] += minor
    for month in window:
        sums.at_start += _members_before(cohorts, month)
        # Who joins and leaves within a month was never there at its start, and is no loss of those who were.
        sums.left += sum(one.members for one in cohorts if one.left == month and one.joined < month)
    return sums


def _members_before(cohorts: Iterable[Cohort], month: int) -> int:
    """How many were members when ``month`` began."""
    return sum(one.members for one in cohorts if one.joined < month and (not one.left or one.left >= month))


def _cohorts(connection: Connection) -> list[Cohort]:
    return [Cohort(*row) for row in _COHORTS(connection)]


def _by_plan(cohorts: Iterable[Cohort]) -> defaultdict[int, list[Cohort]]:
    found: defaultdict[int, list[Cohort]] = defaultdict(list)
    for one in cohorts:
        found[one.plan_id].append(one)
    return found


def _paid(connection: Connection, window: range) -> defaultdict[int, dict[str, int]]:
    """Minor units paid in the window by plan and currency."""
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    first, last = _first_day(window.start), _first_day(window.stop) - 1
    for plan_id, currency, minor in _PAID(connection, first=first, last=last):
        found[plan_id][currency] = int(minor)
    return found


def _first_day(month: int) -> int:
    return date(month // 12, month % 12 + 1, 1).toordinal()


_COHORTS = Prepared(
    select(LibraryCohort.plan_id, LibraryCohort.left_month, LibraryCohort.joined_month, LibraryCohort.members)
)
_PAID = Prepared(
    select(LibraryPlanDay.plan_id, LibraryPlanDay.currency, func.sum(LibraryPlanDay.amount_minor))
    .where(LibraryPlanDay.day.between(bindparam("first"), bindparam("last")))
    .group_by(LibraryPlanDay.plan_id, LibraryPlanDay.currency)
)
