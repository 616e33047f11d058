"""`python -m inference.worker --device auto --threads 1`: serve jobs on standard input until it ends."""

import sys

from inference.worker.serve import main

if __name__ == "__main__":
    sys.exit(main())
