"""Where images are drawn: one viewport, two backends, one painter for all that lies over the image."""
