"""Starting lean: what is left out of an import is left out there alone; and ending without a long farewell."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from core import starting
from core.config import ROOT


def test_an_optional_package_is_left_out_of_one_import_and_can_be_imported_afterwards() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\nfrom core.starting import import_without\n"
            "import_without('socketio', 'aiohttp')\nassert 'socketio' in sys.modules and 'aiohttp' not in sys.modules\n"
            "import aiohttp\nprint(aiohttp.__name__)",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "aiohttp\n"


def test_what_is_imported_already_stays_and_a_failure_leaves_nothing_behind() -> None:
    with pytest.raises(ModuleNotFoundError):
        starting.import_without("no_such_module", "json", "no_such_package")
    assert sys.modules["json"].loads("1") == 1
    assert "no_such_package" not in sys.modules


def test_nothing_is_looked_at_while_a_process_starts_and_what_is_kept_for_good_never_again() -> None:
    usual = gc.get_threshold()
    try:
        starting.start_without_pauses()
        assert not gc.isenabled()
        starting.keep_for_good()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 1_000
        assert gc.get_threshold()[0] == starting.LOOK_AFTER > usual[0]
    finally:
        gc.enable()
        gc.unfreeze()
        gc.set_threshold(*usual)


def test_a_process_leaves_with_its_code_and_its_last_words_and_frees_nothing_one_by_one() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import atexit\nfrom core.starting import leave\n"
            "class Kept:\n    def __del__(self): print('freed')\n"
            "kept = Kept()\natexit.register(print, 'at the end')\nprint('said')\nleave(3)",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout, told.stderr) == (3, "said\nat the end\n", "")
