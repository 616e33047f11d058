"""The second reader as the desk sees it: workers, what they are given, what they found, and its seal."""
