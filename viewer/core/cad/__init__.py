"""What programs of others found, read from their structured reports. Whether it may be shown is not known."""
