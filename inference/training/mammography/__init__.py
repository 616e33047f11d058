"""How `mg_lesion` is trained and measured, from the data set `mg` to the figures on its card."""
