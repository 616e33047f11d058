"""What a tool measures: geometry and statistics."""
