"""Where Tandem keeps what it keeps. Knows folders, not what lies in them."""

import os
from pathlib import Path


def home() -> Path:
    """The folder of index, event log, settings and caches: `TANDEM_HOME`, else the per-user data folder.

    Made (readable by its owner only) if it is not there.
    """
    wanted = os.environ.get("TANDEM_HOME", "")
    folder = Path(wanted).expanduser() if wanted else _per_user()
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _per_user() -> Path:
    from platformdirs import user_data_path  # only needed where TANDEM_HOME is not set

    return user_data_path("tandem", appauthor=False)
