"""Layers that Keras lacks or does slowly. Importing this room registers them for loading."""

from evrisim.layers.channels import ChannelScale, PadChannels
from evrisim.layers.conv import Conv2D
from evrisim.layers.identity import Identity
from evrisim.layers.norm import BatchNormalization
from evrisim.layers.whitening import Whitening

__all__ = ["BatchNormalization", "ChannelScale", "Conv2D", "Identity", "PadChannels", "Whitening"]
