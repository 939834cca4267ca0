"""The shapes of accounts and tokens, and of the orders about them, as the API document shows them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from rules.accounts import LONGEST_DAYS, LONGEST_LABEL, LONGEST_NAME, LONGEST_PASSWORD, SHORTEST_PASSWORD

RoleName = Literal["owner", "moderator", "read-only"]
ScopeName = Literal["read", "write", "track", "overlay"]
Password = Annotated[
    str, Field(max_length=LONGEST_PASSWORD, description=f"at least {SHORTEST_PASSWORD} characters; never told again")
]


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewAccount(Order):
    name: str = Field(max_length=LONGEST_NAME + 8, description="letters a to z, digits, dots, dashes and underscores")
    role: RoleName
    password: Password | None = Field(None, description="left out: one is made up, and told once")


class RoleOrder(Order):
    role: RoleName


class PasswordOrder(Order):
    password: Password | None = Field(description="null: one is made up, and told once")


class OwnPassword(Order):
    old: str = Field(max_length=LONGEST_PASSWORD)
    new: Password


class AccountRecord(BaseModel):
    id: int | None = Field(description="null: the owner of `.env`, who is changed there")
    name: str
    role: RoleName
    in_env: bool
    made_at: str | None
    last_login_at: str | None


class Accounts(BaseModel):
    accounts: list[AccountRecord]
    in_force: bool = Field(description="false without `DASHBOARD_PASSWORD`: nobody has to log in, so nobody can")


class AccountMade(BaseModel):
    account: AccountRecord
    password: str | None = Field(description="only if it was made up, and never again")


class PasswordSet(BaseModel):
    success: Literal[True]
    password: str | None = Field(description="only if it was made up, and never again")


class Me(BaseModel):
    name: str
    role: RoleName | None = Field(description="null for a token")
    access: Literal["read", "write", "owner"]
    has_own_password: bool = Field(description="false where the password stands in `.env`, and for a token")


class NewToken(Order):
    name: str = Field(max_length=LONGEST_LABEL + 16, description="what it is for")
    scopes: list[ScopeName] = Field(min_length=1, max_length=4, description="what it opens; `write` reads as well")
    expires_days: int | None = Field(None, ge=1, le=LONGEST_DAYS, description="left out: it never ends by itself")


class TokenRecord(BaseModel):
    id: int
    name: str
    prefix: str = Field(description="its first letters, to recognise it by")
    scopes: list[ScopeName]
    made_by: str
    made_at: str
    expires_at: str | None
    expired: bool
    last_used_at: str | None = Field(description="to the minute")


class Tokens(BaseModel):
    tokens: list[TokenRecord] = Field(description="the newest first")


class TokenMade(BaseModel):
    token: str = Field(description="told now and never again: only its hash is kept")
    record: TokenRecord
