"""What a model recommends: campaigns and recommenders are asked for a few users of the imported data."""
