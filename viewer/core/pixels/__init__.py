"""The grey-scale pipeline in numpy: one table per image, and the reference it is compared to."""
