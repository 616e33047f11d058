"""Hanging protocols as data: which layout, planes and windows a study is read in, step by step."""
