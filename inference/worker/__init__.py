"""The second reader's process, `python -m inference.worker`: it serves; pipelines do the reading."""
