"""From data to weights: data sets, implants, training, calibration, cards. Run `python -m inference.training`."""
