"""What the shipped studies train unless an arm says otherwise."""

BASE = {"model": "convnet", "model.width": 16, "batch_size": 64, "learning_rate": 0.1}
"""A narrow convnet: what is asked of it is answered in minutes."""
