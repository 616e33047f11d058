"""A reading turned into SR, SEG and HTML."""
