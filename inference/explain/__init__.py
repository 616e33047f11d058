"""Where a network looked: gradient-based heat maps. Nothing about files or findings."""
