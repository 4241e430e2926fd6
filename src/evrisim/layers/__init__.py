"""Layers that Keras lacks or does slowly. Importing this room registers them for loading."""

from evrisim.layers.norm import BatchNormalization

__all__ = ["BatchNormalization"]
