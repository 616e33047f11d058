"""The small parts that panels are made of: text, key caps, chips, buttons, bands. They know no desk."""
