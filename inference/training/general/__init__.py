"""Training and measuring general networks (`contract.TASKS`) on labelled pictures, from a configuration."""
