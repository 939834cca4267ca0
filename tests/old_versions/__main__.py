"""Prints a database in the form of the files beside this one."""

import sys
from contextlib import closing

from core.db import Database
from tests.old_versions import dump, text_of

with closing(Database(sys.argv[1])) as database:
    sys.stdout.write(text_of(dump(database)))
