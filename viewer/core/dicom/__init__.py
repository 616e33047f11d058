"""From bytes to series, geometry, frames and volumes. Knows no window and no database."""
