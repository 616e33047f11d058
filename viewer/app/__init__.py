"""The desk's state and its servants (store, jobs, second read), without a toolkit."""
