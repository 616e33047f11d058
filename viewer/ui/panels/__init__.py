"""The panels round the images. Each shows its part of the display state, and rebuilds only what changed."""
