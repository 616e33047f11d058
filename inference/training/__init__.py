"""From data to weights: data sets, implants, training, calibration. Run `python -m inference.training`."""
