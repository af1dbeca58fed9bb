"""``python -m l0lib`` is ``l0lib``."""

import sys

from .cli import main

sys.exit(main())
