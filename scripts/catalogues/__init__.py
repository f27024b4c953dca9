"""What the shipped indicator catalogues are put together from; see scripts/generate_indicators."""
