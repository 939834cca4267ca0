"""The six kinds of record of the library, each described once: what it holds, how it is listed, what refers to it.

Storing, listing, importing and the API document all read these descriptions. ``column`` names are those of ``models``.
"""

from __future__ import annotations

from rules.library_fields import CURRENCY, NOW, Field, Figure, Filter, Kind, Label
from rules.library_values import (
    HIGHEST_ID,
    Average,
    Currency,
    Email,
    Hundredths,
    Moment,
    Money,
    Months,
    PartialDate,
    Password,
    Present,
    Rating,
    Reference,
    State,
    Text,
    Whole,
)

HIGHEST_RATING, HIGHEST_PROGRESS = 10, 100


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
        Field(
            *("billing_months", "billing_months", Months(1, 120)),
            default=1,
            spellings=("billingcycle", "billingperiod", "billinginterval", "interval"),
            about="how long the price is for",
        ),
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
