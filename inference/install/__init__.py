"""Other people's models become bundles: weights are read without running anything, onto registered networks.

It runs in a process of its own with limits (`python -m inference.install`); it never opens a connection.
"""


class Refused(Exception):
    """A model that is not installed: one sentence with the file, what was found, and the way out."""
