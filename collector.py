"""The collector process: sources on one event loop, wired to the writer, supervised, stopped cleanly."""

from __future__ import annotations

from core.starting import keep_for_good, start_without_pauses

if __name__ == "__main__":
    start_without_pauses()

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from actions import commands as orders
from actions import installation, privacy
from analytics import commands, scope
from core.checkpoints import Checkpoints
from core.clock import now_ms
from core.config import Settings, SettingsError, load_settings
from core.db import Database, DatabaseUnusable, await_server, check_schema, outdated, why_unusable
from core.events import Event, Platform
from core.logs import set_up_logs
from core.tracked import Tracked
from core.version import VERSION
from ingest.leases import Leases, Where
from ingest.policy import Policy
from ingest.writer import Writer
from models import SCHEMA_REVISION
from rules.cooldown import Cooldown
from rules.tracking import checked
from sources.base import CommandHandler, Sink, Source
from sources.supervision import run_all

log = logging.getLogger("collector")

COMMAND_PAUSE_MS = 10_000
GROUND_SECONDS = 1.0  # between two looks whether the database is still the same
STARTS_ANEW = 3  # the exit code that asks systemd, PM2 or a person for that
FASTEST = 1000.0


class Options(argparse.Namespace):
    """What the command line asks for."""

    demo: bool
    replay: Path | None
    speed: float
    as_recorded: bool
    record: Path | None
    seed: int

    @classmethod
    def of(cls, argv: Sequence[str] | None) -> Options:
        """Exits with a line on what is wrong, as argparse does. ``argv``: None is this process's own."""
        parser = argparse.ArgumentParser(prog="collector.py", description=__doc__)
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--demo", action="store_true", help="simulate two channels instead of reading real ones")
        what.add_argument("--replay", type=Path, metavar="FILE", help="play a tape back as if it happened now")
        parser.add_argument("--speed", type=float, default=1.0, metavar="N", help="of demo or replay, 1 to 1000 (1)")
        parser.add_argument("--as-recorded", action="store_true", help="replay with the tape's own times: an import")
        parser.add_argument("--record", type=Path, metavar="FILE", help="write every event to a tape as well (NDJSON)")
        parser.add_argument("--seed", type=int, default=7, help="of the demo's world (7)")
        options = parser.parse_args(argv, cls())
        if not 1 <= options.speed <= FASTEST:
            parser.error("--speed takes a number from 1 to 1000")
        return options

    @property
    def is_import(self) -> bool:
        """A tape's events keep their times, and count as real."""
        return self.replay is not None and self.as_recorded

    @property
    def is_simulated(self) -> bool:
        return self.demo or (self.replay is not None and not self.as_recorded)


def build_sources(
    options: Options,
    settings: Settings,
    sink: Sink,
    database: Database,
    take: Callable[[Tracked], None],
    leases: Leases,
) -> list[Source]:
    """The sources that options and settings ask for. ``take`` gets what happens in the demo's shop."""
    if options.replay:
        from sources.tape import TapePlayer

        # An import has nobody to wait for.
        speed = FASTEST if options.is_import else options.speed
        return [TapePlayer(options.replay, sink, speed=speed, rebase=not options.is_import)]
    if options.demo:
        return _demo(options, settings, sink, database, take)
    answer = command_handler(database, Policy.of(settings), settings.prefix, leases.speaks_for)
    found: list[Source] = []
    if settings.channel:
        found.append(_twitch(settings, sink, answer))
    if settings.tiktok_channel:
        found.append(_tiktok(settings, sink, answer))
    return found


def _demo(
    options: Options,
    settings: Settings,
    sink: Sink,
    database: Database,
    take: Callable[[Tracked], None],
) -> list[Source]:
    from demo.shop import Act
    from demo.shop_hours import live
    from demo.world import World
    from sources.simulator import ShopSimulator, Simulator

    world, start_ms, speed = World(options.seed), _end_of_history(database), options.speed

    def happens(act: Act) -> None:
        currency = settings.currency
        take(checked(act.item(), now_ms=act.at_ms, currency=currency, event_id=act.event_id, simulated=True))

    def acts(start_ms: int) -> Iterator[Act]:
        return live(world, start_ms, zone=settings.zone, currency=settings.currency)

    return [
        Simulator(world, sink, start_ms=start_ms, speed=speed),
        ShopSimulator(acts, happens, start_ms=start_ms, speed=speed),
    ]


def _twitch(settings: Settings, sink: Sink, answer: CommandHandler) -> Source:
    from sources.twitch import TwitchSource

    return TwitchSource(
        settings.channel,
        sink,
        token=settings.tmi_token,
        prefix=settings.prefix,
        irc_url=settings.twitch_irc_url,
        validate_url=settings.twitch_validate_url,
        on_command=answer,
    )


def _tiktok(settings: Settings, sink: Sink, answer: CommandHandler) -> Source:
    # Only where it is wanted: its library costs a second and 63 MB, and has a licence of its own.
    from sources.tiktok import TikTokSource

    return TikTokSource(
        settings.tiktok_channel,
        sink,
        sign_api_key=settings.tiktok_sign_api_key,
        app_url=settings.tiktok_app_url,
        webcast_url=settings.tiktok_webcast_url,
        sign_url=settings.tiktok_sign_url,
        prefix=settings.prefix,
        on_command=answer,
    )


def _end_of_history(database: Database) -> int | None:
    """When the demo's history ends, so that the live part goes on without a hole."""
    with database.reading() as connection:
        heard = [channel.last_event_at_ms or 0 for channel in scope.channels(connection)]
    return max(heard, default=None)


def command_handler(
    database: Database, policy: Policy, prefix: str, speaks: Callable[[Platform, str], bool]
) -> CommandHandler:
    """Answers the bot's commands, at most once per person in ten seconds; the database is asked off the loop.

    ``speaks``: whether it is for us to answer in a channel, or for another collector.
    What people order about their own data has a pause of its own: whoever just asked something is not left unheard.
    """
    questions, ordered = Cooldown(COMMAND_PAUSE_MS), Cooldown(COMMAND_PAUSE_MS)

    def ask(event: Event, command: str) -> str | None:
        with database.reading() as connection:
            return commands.answer(connection, event, command, now_ms())

    def obey(event: Event, command: str) -> str | None:
        return orders.carry_out(database, event, command, now_ms=now_ms(), policy=policy, prefix=prefix)

    async def answer(event: Event, command: str) -> str | None:
        if event.who is None or not speaks(event.platform, event.channel):
            return None
        person = (event.platform, event.who.user_id)
        if command in commands.COMMANDS and questions.allows(person, now_ms()):
            return await asyncio.to_thread(ask, event, command)
        if command in orders.COMMANDS and ordered.allows((*person, command), now_ms()):
            return await asyncio.to_thread(obey, event, command)
        return None

    return answer


async def stand(database: Database, stopping: asyncio.Event) -> str:
    """Stops all when the database is no longer the one we began with, and says how."""
    while not (reason := await asyncio.to_thread(outdated, database, SCHEMA_REVISION)):
        await asyncio.sleep(GROUND_SECONDS)
    stopping.set()
    return reason


async def collect(sources: Sequence[Source], database: Database) -> str:
    """Runs all sources until they end, a signal comes or the database is another: answers why to start anew."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    log.info("StreamPulse %s collects into %s", VERSION, database.backend)  # and can be told to stop
    ground = asyncio.create_task(stand(database, stopping))
    await run_all(sources, stopping)
    if ground.done():
        return ground.result()
    ground.cancel()
    return ""


def _channels_of(options: Options, settings: Settings) -> list[Where]:
    """The channels that other collectors may read as well; nobody shares what is simulated or played back."""
    if options.demo or options.replay:
        return []
    twitch, tiktok = settings.channel, settings.tiktok_channel
    return [*((Platform.TWITCH, name) for name in twitch), *((Platform.TIKTOK, name) for name in tiktok)]


def _make_ready(database: Database, options: Options, settings: Settings) -> None:
    """Says what the database is for and what is odd about it, and ends what an earlier process left undone."""
    installation.claim(database, installation.DEMO if options.is_simulated else installation.REAL)
    if before := installation.zone_that_moved(database, settings.zone.key):
        log.warning(
            "TIMEZONE was %s: hours and days counted by it stay so until `python init_db.py --rebuild`"
            " (hours of the week for good where RETENTION_DAYS has deleted events)",
            before,
        )
    if taken_up := privacy.finish(database):
        log.info("%d interrupted erasures were brought to their end", taken_up)


def _left_out(dropped: Mapping[str, int]) -> str:
    return "".join(f", {count} {reason.replace('_', ' ')}" for reason, count in dropped.items() if count)


def run(options: Options, settings: Settings) -> int:
    database = Database(settings.database_url)
    await_server(database, settings.database_wait, log.warning)
    check_schema(database, SCHEMA_REVISION)
    if not (options.replay or options.demo or settings.channel or settings.tiktok_channel):
        raise SettingsError(
            "CHANNEL: name the Twitch channel to read (or TIKTOK_CHANNEL), or start the demo with --demo (bin/dev does)"
        )
    sources: list[Source] = []
    leases = Leases(_channels_of(options, settings))
    writer = Writer(
        database,
        policy=Policy.of(settings),
        leases=leases if leases.channels else None,
        listens=not options.is_import,
        describe=lambda: {"sources": {type(source).__name__: dict(source.counters) for source in sources}},
    )
    sink: Sink = writer
    recorder = None
    if options.record:
        from sources.tape import TapeRecorder

        sink = recorder = TapeRecorder(options.record, writer)
    sources.extend(build_sources(options, settings, sink, database, writer.tracked, leases))
    _make_ready(database, options, settings)  # only now: a start that fails must not decide what it will hold
    checkpoints = Checkpoints(database).start()
    writer.start()
    keep_for_good()
    reason = ""
    try:
        reason = asyncio.run(collect(sources, database))
    finally:
        log.info("stopping")
        lost = writer.close()
        if recorder:
            recorder.close()
        checkpoints.close()
        database.close()
    if options.is_import:
        log.info("imported %d events%s", writer.counters.stored, _left_out(writer.counters.dropped))
    if lost:
        log.error("%d events could not be written: %s", lost, writer.counters.problem)
    if reason:
        log.error("ending, to be started anew: %s", reason)
        return STARTS_ANEW
    return 1 if lost else 0


def main(argv: Sequence[str] | None = None) -> int:
    keep_for_good()  # what was imported
    options = Options.of(argv)
    try:
        settings = load_settings()
        set_up_logs(settings.log_level)
        return run(options, settings)
    except (SettingsError, DatabaseUnusable) as error:
        print(f"collector.py: {error}", file=sys.stderr)
    except DBAPIError as error:
        print(f"collector.py: {why_unusable(error)}", file=sys.stderr)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"collector.py: {where}{error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:  # while it waits for its database; a collector that runs stops in order
        return 130
    return 2


if __name__ == "__main__":
    sys.exit(main())
