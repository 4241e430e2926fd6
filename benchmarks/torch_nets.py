"""The nets of `training.py` in plain PyTorch, and a careful user's training step for them."""

import torch
from torch import nn
from torch.nn import functional as F

from evrisim import machine

BATCH = 128


class Block(nn.Module):
    def __init__(self, inputs, filters, strides):
        super().__init__()
        self.body = nn.Sequential(
            *normed(inputs, filters, strides=strides), nn.ReLU(), *normed(filters, filters)
        )
        shortcut = normed(inputs, filters, 1, strides)
        self.shortcut = nn.Sequential(*shortcut) if strides > 1 else nn.Identity()

    def forward(self, x):
        return torch.relu(self.shortcut(x) + self.body(x))


def conv(inputs, filters, size=3, strides=1):
    return nn.Conv2d(inputs, filters, size, strides, size // 2, bias=False)


def normed(inputs, filters, size=3, strides=1):
    return conv(inputs, filters, size, strides), nn.BatchNorm2d(filters)


def wide(inputs, filters):
    first = conv(inputs, filters), nn.MaxPool2d(2), nn.BatchNorm2d(filters), nn.ReLU()
    return [*first, *normed(filters, filters), nn.ReLU()]


def resnet20():
    layers, inputs = [*normed(3, 16), nn.ReLU()], 16
    for filters in (16, 32, 64):
        for block in range(3):
            layers.append(Block(inputs, filters, 2 if block == 0 and filters > 16 else 1))
            inputs = filters
    return layers, inputs


def network(net):
    if net == "wide":
        layers, last = [*wide(3, 64), *wide(64, 256), *wide(256, 256)], 256
    else:
        layers, last = resnet20()
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, 10))


def stepping(net, *, compiled):
    """Give what trains on all of some images once: channels last, autocast where it pays."""
    model = network(net).to(memory_format=torch.channels_last)
    forward = torch.compile(model) if compiled else model
    optimizer = torch.optim.SGD(
        model.parameters(), 0.01, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    bfloat16 = machine.has_fast_bfloat16()

    def run(images, labels):
        right, total = 0, 0.0
        for first in range(0, len(images), BATCH):
            part = torch.from_numpy(images[first : first + BATCH]).permute(0, 3, 1, 2)
            part = part.float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)
            truth = torch.from_numpy(labels[first : first + BATCH])
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                logits = forward(part)
            loss = F.cross_entropy(logits.float(), truth)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            right += int((logits.argmax(1) == truth).sum())
            total += float(loss.detach())

    return run
