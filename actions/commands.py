"""What people tell the bot in chat to do about what is recorded of them: ``!optout``, ``!forgetme``, ``!optin``."""

from __future__ import annotations

from actions import privacy
from core.db import Database
from core.events import Event, Person
from ingest.policy import Policy

COMMANDS = ("optout", "forgetme", "optin")


def carry_out(
    database: Database, event: Event, command: str, *, now_ms: int, policy: Policy, prefix: str = "!"
) -> str | None:
    """Does what ``event``'s author orders with ``command`` (without its prefix); answers what to say.

    None where the command is not ours, or nobody can be told from others. Everybody may order this for themselves
    only: what is erased, in every channel of the platform, is the account that wrote.
    """
    who = event.who
    if command not in COMMANDS or who is None or not who.user_id:
        return None
    name = who.name or who.login
    match command:
        case "optout":
            return f"{name}, {_opt_out(database, event, who, now_ms, policy, prefix)}"
        case "forgetme":
            known = privacy.forget_me(
                database, event.platform.value, who.user_id, who.login, now_ms=now_ms, policy=policy
            )
            done = "what was recorded of you is erased" if known else "there is nothing to erase"
            return f"{name}, {done}, and from now on nothing is recorded. {prefix}optin undoes the latter."
    if privacy.opt_in(database, event.platform.value, who.user_id, who.login):
        return f"{name}, you are recorded again from now on."
    return f"{name}, you had not opted out."


def _opt_out(database: Database, event: Event, who: Person, now_ms: int, policy: Policy, prefix: str) -> str:
    new = privacy.opt_out(database, event.platform.value, who.user_id, who.login, now_ms=now_ms, policy=policy)
    since = "from now on nothing more of you is recorded" if new else "nothing more of you is recorded already"
    return f"{since}. {prefix}forgetme erases what there is, {prefix}optin undoes this."
