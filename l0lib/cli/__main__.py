"""``python -m l0lib.cli`` is ``l0lib``."""

import sys

from . import main

sys.exit(main())
