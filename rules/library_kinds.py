"""The six kinds of record of the library, each described once: what it holds, how it is listed, what refers to it.

Storing, listing, importing and the API document all read these descriptions. ``column`` names are those of ``models``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from rules.library_values import (
    HIGHEST_ID,
    Average,
    Currency,
    Email,
    Hundredths,
    Moment,
    Money,
    PartialDate,
    Password,
    Present,
    Rating,
    Reference,
    Setting,
    State,
    Text,
    Unfit,
    Value,
    Whole,
    amount,
)
from rules.profiles import Invalid

NOW, CURRENCY = "<now>", "<currency>"  # defaults that are not known here
HIGHEST_RATING, HIGHEST_PROGRESS = 10, 100


@dataclass(frozen=True, slots=True)
class Field:
    """A field that callers give. ``nullable``: null is an answer, and what it is when nothing is said.

    ``spellings``: what files call it besides, without capitals and punctuation.
    """

    name: str
    column: str
    value: Value
    required: bool = False
    nullable: bool = False
    default: Any = None
    spellings: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A field that is only answered."""

    name: str
    column: str
    value: Value
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """What the record that ``reference`` (a column) points to is called: its ``column``, told as ``name``."""

    name: str
    reference: str
    table: str
    column: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """``sorts``: by which of the kind's sorts an index gives what it lets through.

    ``beside``: another filter that an index knows as well, so that both at once are answered by it.
    """

    name: str
    column: str
    value: Value | None
    how: Literal["is", "since", "before", "state"] = "is"
    sorts: tuple[str, ...] = ()
    about: str = ""
    beside: str | None = None


@dataclass(frozen=True)
class Kind:
    """``path`` names it in addresses, ``key`` in files; ``sorts``: what it can be sorted by, the usual first."""

    path: str
    one: str
    many: str
    table: str
    key: str
    fields: tuple[Field, ...]
    sorts: Mapping[str, str]
    descending: bool = False  # what is usual
    filters: tuple[Filter, ...] = ()
    figures: tuple[Figure, ...] = ()
    labels: tuple[Label, ...] = ()
    searched: tuple[str, ...] = ()  # columns
    keys: tuple[str, ...] = ()  # other names of ``key``

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def references(self) -> tuple[tuple[str, str, str], ...]:
        """(field, column, path of the kind that is referred to)."""
        return tuple((one.name, one.column, one.value.to) for one in self.fields if isinstance(one.value, Reference))

    @cached_property
    def only_told(self) -> frozenset[str]:
        """What is answered and cannot be given, so that what was answered may be sent back."""
        told = {"id", "created_at", "updated_at"}
        return frozenset(told | {one.name for one in self.figures} | {one.name for one in self.labels})

    def __hash__(self) -> int:
        return hash(self.path)


def clean(
    kind: Kind, given: Mapping[str, Any], setting: Setting, now_ms: int, current: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What is to be stored, by column. Raises Invalid, naming every field that does not fit.

    ``current``: the columns of a record that is changed; then only what is given is checked and answered.
    """
    cleaned: dict[str, Any] = {}
    wrong = [
        {"field": name, "message": f"there is no such field; there are: {', '.join(kind.by_name)}"}
        for name in given
        if name not in kind.by_name and name not in kind.only_told
    ]
    for field in kind.fields:
        if (value := _given(field, given, current, cleaned)) is _NOTHING:
            continue
        try:
            cleaned[field.column] = _clean_field(field, value, setting, now_ms, {**(current or {}), **cleaned})
        except Unfit as error:
            wrong.append({"field": field.name, "message": str(error)})
    if wrong:
        raise Invalid(wrong)
    return cleaned


_NOTHING = object()


def _given(
    field: Field, given: Mapping[str, Any], current: Mapping[str, Any] | None, cleaned: Mapping[str, Any]
) -> Any:
    if field.name in given:
        return given[field.name]
    if current is None:
        return field.default
    if isinstance(field.value, Money) and cleaned.get("currency", current["currency"]) != current["currency"]:
        return amount(current[field.column], current["currency"])  # as much, in the other currency
    return _NOTHING


def _clean_field(field: Field, value: Any, setting: Setting, now_ms: int, row: Mapping[str, Any]) -> Any:
    if value == NOW and field.default == NOW:
        return now_ms
    if value == CURRENCY and field.default == CURRENCY:
        return setting.currency
    if value is None and field.required:
        raise Unfit("is missing")
    if value is None and not field.nullable:
        raise Unfit("cannot be null")
    if value is None and not isinstance(field.value, (Rating, PartialDate)):
        return None
    if isinstance(field.value, Money) and "currency" not in row:
        return 0  # the currency does not fit, which is told
    return field.value.clean(value, setting, row)


_NAME = Text(120)
_MEMBER = Field("user_id", "member_id", Reference("users"), required=True, spellings=("userid", "user", "memberid"))
_CONTENT = Field(
    "content_id", "content_id", Reference("content"), required=True, spellings=("contentid", "content", "titleid")
)
_MEMBER_LABEL = Label("user", "member_id", "library_members", "name")
_TITLE_LABEL = Label("title", "content_id", "library_content", "title")

PLANS = Kind(
    path="plans",
    one="plan",
    many="plans",
    table="library_plans",
    key="subscriptions",
    keys=("plans", "subscriptionplans"),
    fields=(
        Field(
            *("name", "name", Text(80)),
            required=True,
            spellings=("plan", "planname", "subscription", "subscriptiontype", "subscriptionname", "type", "title"),
        ),
        Field("currency", "currency", Currency(), default=CURRENCY),
        Field(
            *("price", "price_minor", Money()),
            required=True,
            spellings=("monthlyprice", "pricepermonth", "amount", "cost", "fee", "monthlyfee"),
            about="for `billing_months`, in `currency`",
        ),
        Field("billing_months", "billing_months", Whole(1, 120), default=1, about="how long the price is for"),
        Field(
            *("description", "description", Text(2_000, least=0, lines=True)),
            default="",
            spellings=("features", "details", "benefits"),
        ),
    ),
    sorts={"name": "name_key", "price": "price_minor", "created_at": "created_at_ms"},
    figures=(Figure("user_count", "user_count", Whole(0, HIGHEST_ID)),),
    searched=("name",),
)

USERS = Kind(
    path="users",
    one="user",
    many="users",
    table="library_members",
    key="users",
    keys=("members",),
    fields=(
        Field("name", "name", _NAME, required=True, spellings=("fullname", "username", "displayname")),
        Field("email", "email", Email(), required=True, spellings=("mail", "emailaddress")),
        Field(
            *("password", "password_hash", Password()),
            nullable=True,
            spellings=("passwordhash", "pass"),
            about="stored hashed, never answered",
        ),
        Field(
            *("plan_id", "plan_id", Reference("plans")),
            nullable=True,
            spellings=("planid", "subscriptionid", "subscription", "plan"),
        ),
        Field(
            *("joined_at", "joined_at_ms", Moment()),
            default=NOW,
            spellings=(
                *("joindate", "joined", "joinedon", "signupdate", "registrationdate", "registeredat", "createdat"),
                *("startdate", "datejoined", "subscriptionstart", "subscriptionstartdate", "membersince"),
            ),
        ),
        Field(
            *("cancelled_at", "cancelled_at_ms", Moment()),
            nullable=True,
            spellings=("canceledat", "cancelled", "canceldate", "cancellationdate", "leftat", "churnedat"),
            about="when the membership ended",
        ),
    ),
    sorts={"joined_at": "joined_at_ms", "name": "name", "email": "email_key"},
    descending=True,
    filters=(
        Filter("plan_id", "plan_id", Reference("plans"), sorts=("joined_at",)),
        Filter("status", "cancelled_at_ms", None, "state", ("joined_at",), "active or cancelled", beside="plan_id"),
    ),
    figures=(
        Figure("status", "cancelled_at_ms", State()),
        Figure("has_password", "password_hash", Present()),
    ),
    labels=(Label("plan", "plan_id", "library_plans", "name", nullable=True),),
    searched=("name", "email"),
)

CONTENT = Kind(
    path="content",
    one="title",
    many="titles",
    table="library_content",
    key="content",
    keys=("contents", "titles"),
    fields=(
        Field("title", "title", Text(300), required=True, spellings=("name", "contenttitle")),
        Field("genre", "genre", Text(60), required=True, spellings=("category", "genres")),
        Field(
            *("content_type", "content_type", Text(40)),
            default="Movie",
            spellings=("contenttype", "type", "kind", "format"),
        ),
        Field(
            *("rating", "rating", Rating(HIGHEST_RATING)),
            nullable=True,
            spellings=("imdbrating", "score", "averagerating"),
            about="0 to 10",
        ),
        Field(
            *("release_date", "released", PartialDate()),
            nullable=True,
            spellings=("releasedate", "release", "releaseyear", "year", "released", "releasedon"),
            about="a year, a month or a day",
        ),
        Field(
            *("duration_minutes", "duration_minutes", Whole(1, 100_000)),
            nullable=True,
            spellings=("durationminutes", "duration", "runtime", "length"),
        ),
        Field(
            *("description", "description", Text(5_000, least=0, lines=True)),
            default="",
            spellings=("synopsis", "summary", "plot"),
        ),
    ),
    sorts={"title": "title", "rating": "rating", "release_date": "released", "watch_count": "watch_count"},
    filters=(
        Filter("genre", "genre", Text(60), sorts=("title", "rating", "watch_count"), about="whatever its capitals"),
        Filter("content_type", "content_type", Text(40), sorts=("title",)),
    ),
    figures=(
        Figure("watch_count", "watch_count", Whole(0, HIGHEST_ID)),
        Figure("review_count", "review_count", Whole(0, HIGHEST_ID)),
        Figure("review_average", "review_total", Average("review_count"), nullable=True),
    ),
    searched=("title",),
)

WATCHES = Kind(
    path="watch-history",
    one="watch",
    many="watches",
    table="library_watches",
    key="watchhistory",
    keys=("watches", "history", "viewinghistory"),
    fields=(
        _MEMBER,
        _CONTENT,
        Field(
            *("watched_on", "watched_at_ms", Moment()),
            default=NOW,
            spellings=("watchdate", "watchedat", "watched", "date", "timestamp", "viewedat", "datewatched"),
        ),
        Field(
            *("progress", "progress", Hundredths(HIGHEST_PROGRESS)),
            default=0,
            spellings=("progresspercent", "progresspercentage", "completion", "percentwatched", "percentage"),
            about="percent",
        ),
    ),
    sorts={"watched_on": "watched_at_ms"},
    descending=True,
    filters=(
        Filter("user_id", "member_id", Reference("users"), sorts=("watched_on",)),
        Filter("content_id", "content_id", Reference("content"), sorts=("watched_on",)),
        Filter("since", "watched_at_ms", Moment(), "since", sorts=("watched_on",)),
        Filter("until", "watched_at_ms", Moment(), "before", sorts=("watched_on",), about="and not at that moment"),
    ),
    labels=(_MEMBER_LABEL, _TITLE_LABEL),
)

REVIEWS = Kind(
    path="reviews",
    one="review",
    many="reviews",
    table="library_reviews",
    key="reviews",
    fields=(
        _MEMBER,
        _CONTENT,
        Field(
            *("rating", "rating", Hundredths(HIGHEST_RATING)),
            required=True,
            spellings=("score", "stars"),
            about="0 to 10",
        ),
        Field(
            *("comment", "comment", Text(10_000, least=0, lines=True)),
            default="",
            spellings=("text", "review", "reviewtext", "body", "content", "message"),
        ),
        Field(
            *("reviewed_on", "reviewed_at_ms", Moment()),
            default=NOW,
            spellings=("reviewdate", "reviewedat", "date", "timestamp", "createdat"),
        ),
    ),
    sorts={"reviewed_on": "reviewed_at_ms", "rating": "rating"},
    descending=True,
    filters=(
        Filter("user_id", "member_id", Reference("users"), sorts=("reviewed_on",)),
        Filter("content_id", "content_id", Reference("content"), sorts=("reviewed_on",)),
        Filter("since", "reviewed_at_ms", Moment(), "since", sorts=("reviewed_on",)),
        Filter("until", "reviewed_at_ms", Moment(), "before", sorts=("reviewed_on",), about="and not at that moment"),
    ),
    labels=(_MEMBER_LABEL, _TITLE_LABEL),
)

PAYMENTS = Kind(
    path="payments",
    one="payment",
    many="payments",
    table="library_payments",
    key="paymenthistory",
    keys=("payments",),
    fields=(
        _MEMBER,
        Field(
            *("plan_id", "plan_id", Reference("plans")),
            nullable=True,
            spellings=("planid", "subscriptionid", "subscription", "plan"),
            about="what it is for; the user's plan unless told",
        ),
        Field("currency", "currency", Currency(), default=CURRENCY),
        Field(
            *("amount", "amount_minor", Money()),
            required=True,
            spellings=("price", "paymentamount", "total", "amountpaid", "value"),
            about="in `currency`",
        ),
        Field(
            *("method", "method", Text(40)),
            required=True,
            spellings=("paymentmethod", "paymenttype", "paidby", "paidwith", "type"),
        ),
        Field(
            *("payment_date", "paid_at_ms", Moment()),
            default=NOW,
            spellings=("paymentdate", "paidat", "paidon", "date", "timestamp", "createdat"),
        ),
    ),
    sorts={"payment_date": "paid_at_ms", "amount": "amount_minor"},
    descending=True,
    filters=(
        Filter("user_id", "member_id", Reference("users"), sorts=("payment_date",)),
        Filter("plan_id", "plan_id", Reference("plans"), sorts=("payment_date",)),
        Filter("method", "method", Text(40), sorts=("payment_date",), beside="plan_id"),
        Filter("currency", "currency", Currency()),
        Filter("since", "paid_at_ms", Moment(), "since", sorts=("payment_date",)),
        Filter("until", "paid_at_ms", Moment(), "before", sorts=("payment_date",), about="and not at that moment"),
    ),
    labels=(_MEMBER_LABEL, Label("plan", "plan_id", "library_plans", "name", nullable=True)),
)

# Whatever refers to others comes after them.
KINDS = (PLANS, USERS, CONTENT, WATCHES, REVIEWS, PAYMENTS)
BY_PATH = {kind.path: kind for kind in KINDS}


def referring(kind: Kind) -> list[tuple[Kind, str]]:
    """Which kinds refer to this one, and by which column."""
    return [(other, column) for other in KINDS for _, column, path in other.references if path == kind.path]
