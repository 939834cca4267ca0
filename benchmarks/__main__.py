"""``python -m benchmarks [ingest|answers|viewers …]``: all of them when none is named."""

from __future__ import annotations

import argparse
import platform

from benchmarks import (
    answers,
    broadcast,
    footprint,
    ingest,
    latency,
    library,
    million_people,
    pages,
    revenue,
    stalled,
    store,
    tiktok,
    track,
    twitch,
    viewers,
)

ALL = {
    "ingest": ingest.main,
    "answers": answers.main,
    "viewers": viewers.main,
    "million": million_people.main,
    "store": store.main,
    "revenue": revenue.main,
    "library": library.main,
    "track": track.main,
    "broadcast": broadcast.main,
    "stalled": stalled.main,
    "twitch": twitch.main,
    "tiktok": tiktok.main,
    "latency": latency.main,
    "footprint": footprint.main,
    "pages": pages.main,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*ALL, []], metavar="NAME", help=", ".join(ALL))
    chosen = parser.parse_args().names or list(ALL)
    print(f"Python {platform.python_version()}, {platform.machine()}. Compare the ratios, not the seconds.")
    for name in chosen:
        ALL[name]()


if __name__ == "__main__":
    main()
