"""Adaptation of a bundle to a site's own prepared cases, and whether the result beats what it came from."""
