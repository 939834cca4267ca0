"""What a caller may do at all: the levels, and which of them a role or a token's scope is worth."""

from __future__ import annotations

from enum import IntEnum

from rules.accounts import Role, Scope


class Access(IntEnum):
    """What a caller may do, each including those before it; and what a route asks for."""

    NOBODY = 0
    OVERLAY = 1  # sees what is shown on the stream
    READ = 2
    WRITE = 3
    OWNER = 4


ROLES: dict[Role, Access] = {
    Role.READ_ONLY: Access.READ,
    Role.MODERATOR: Access.WRITE,
    Role.OWNER: Access.OWNER,
}

# As a bearer token. What is for an overlay stands in its address, and what is for /track opens that alone.
BEARER_SCOPES: dict[Scope, Access] = {
    Scope.READ: Access.READ,
    Scope.WRITE: Access.WRITE,
}
