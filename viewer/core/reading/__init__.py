"""What a reader and a model say about a study: findings, events, and the fold of events into a reading."""
