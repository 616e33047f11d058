"""Training of `ct_head_haemorrhage`: slices with labels, painted bleeds, five folds."""
