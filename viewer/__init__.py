"""The desk: what the radiologist sees and works at. Never imports torch, not even indirectly."""
