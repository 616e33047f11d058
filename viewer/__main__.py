"""`python -m viewer` is `tandem`."""

import sys

from viewer.cli import main

sys.exit(main())
