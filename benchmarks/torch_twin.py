"""The recipe `fast` and the net `airbench` in plain PyTorch: channels last, in float32 or bfloat16.

Written as a careful user of PyTorch would, for `time_to_accuracy.py` to be compared with; the net
and the settings are those of Jordan 2024 (https://arxiv.org/abs/2404.00498). No part of evrisim is
used but for reading the images.
"""

import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

EPOCHS, BATCH = 10, 1024
RATE, MOMENTUM, DECAY = 1.5, 0.85, 1.33e-3
OFFSET_RATE, SMOOTHING, WARMUP = 64, 0.2, 0.23
EVERY, KEPT = 5, 0.95
MEAN, SPREAD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


class Group(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.first = conv(inputs, outputs)
        self.second = conv(outputs, outputs)
        self.norm1, self.norm2 = norm(outputs), norm(outputs)

    def forward(self, x):
        x = F.gelu(self.norm1(F.max_pool2d(self.first(x), 2)))
        return F.gelu(self.norm2(self.second(x)))


class Net(nn.Module):
    def __init__(self, images, width=64, deep=256, classes=10):
        super().__init__()
        self.whitening = whitening(images)
        self.groups = nn.Sequential(Group(24, width), Group(width, deep), Group(deep, deep))
        self.head = nn.Linear(deep, classes, bias=False)

    def forward(self, x):
        x = self.groups(F.gelu(self.whitening(x)))
        return self.head(x.amax((2, 3))).float() / 9


def conv(inputs, outputs):
    layer = nn.Conv2d(inputs, outputs, 3, padding="same", bias=False)
    nn.init.dirac_(layer.weight.data[:inputs])
    return layer


def norm(maps):
    layer = nn.BatchNorm2d(maps, momentum=0.4, eps=1e-12)  # PyTorch's momentum is the other share
    layer.weight.requires_grad_(False)
    return layer


def whitening(images):
    patches = images[:5000].unfold(2, 2, 1).unfold(3, 2, 1)  # (count, 3, rows, columns, 2, 2)
    patches = patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, 12).double()
    values, axes = torch.linalg.eigh(patches.T @ patches / len(patches))
    kernels = (axes / torch.sqrt(values + 5e-4)).T.reshape(12, 3, 2, 2).float()
    layer = nn.Conv2d(3, 24, 2)
    layer.weight.data = torch.cat([kernels, -kernels])
    layer.weight.requires_grad_(False)
    layer.bias.data.zero_()
    return layer


def normalised(images):
    x = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 255
    x = (x - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(SPREAD).view(1, 3, 1, 1)
    return x.contiguous(memory_format=torch.channels_last)


def moved(padded, rng):
    """Every image of the set moved by up to two pixels each way."""
    count = len(padded)
    out = torch.empty((count, 3, 32, 32)).contiguous(memory_format=torch.channels_last)
    shifts = torch.from_numpy(rng.integers(0, 5, (count, 2)))
    for down in range(5):
        for across in range(5):
            here = (shifts[:, 0] == down) & (shifts[:, 1] == across)
            out[here] = padded[here][:, :, down : down + 32, across : across + 32]
    return out


def rate(step, steps):
    top = round(WARMUP * steps)
    if step < top:
        return RATE * (0.2 + 0.8 * step / top)
    return RATE * max(1 - 0.93 * (step - top) / (steps - top), 0.07)


def sgd(net):
    offsets = [p for n, p in net.named_parameters() if "norm" in n and p.requires_grad]
    others = [p for n, p in net.named_parameters() if "norm" not in n and p.requires_grad]
    return torch.optim.SGD(
        [
            {"params": others, "weight_decay": DECAY, "factor": 1},
            {"params": offsets, "weight_decay": DECAY / OFFSET_RATE, "factor": OFFSET_RATE},
        ],
        lr=RATE,
        momentum=MOMENTUM,
        nesterov=True,
    )


def six_views(net, images):
    def both(x):
        return (net(x) + net(x.flip(3))) / 2

    padded = F.pad(images, (1, 1, 1, 1), mode="reflect")
    shifted = both(padded[:, :, :32, :32]) + both(padded[:, :, 2:, 2:])
    return (both(images) + shifted / 2) / 2


def cast(precision):
    return torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")


def judged(net, images, labels, precision, look=None):
    net.eval()
    right = 0
    with torch.no_grad(), cast(precision):
        for part, truth in zip(images.split(500), labels.split(500), strict=True):
            logits = net(part) if look is None else look(net, part)
            right += int((logits.argmax(1) == truth).sum())
    net.train()
    return right / len(images)


def faster(images, labels, width, deep, steps=3):
    """Name the number format in which this processor steps sooner, each tried for a few steps."""
    part, truth = normalised(images[:BATCH]), torch.from_numpy(labels[:BATCH]).long()
    seconds = {}
    for precision in ("float32", "bfloat16"):
        net = Net(part, width, deep).to(memory_format=torch.channels_last)
        optimizer = sgd(net)
        step(net, optimizer, part, truth, precision)
        started = time.perf_counter()
        for _step in range(steps):
            step(net, optimizer, part, truth, precision)
        seconds[precision] = time.perf_counter() - started
    return min(seconds, key=seconds.get)


def step(net, optimizer, images, truth, precision):
    with cast(precision):
        logits = net(images)
    loss = F.cross_entropy(logits, truth, label_smoothing=SMOOTHING)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def train(train_split, validation, *, seed, precision, epochs=EPOCHS, net=(64, 256), after=print):
    """Train on `(images, labels)` arrays, 0–255, with `after(epoch, top1)` each epoch.

    Returns:
        Top-1 of the validation images over six views.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    images, truth = normalised(train_split[0]), torch.from_numpy(train_split[1]).long()
    seen, answers = normalised(validation[0]), torch.from_numpy(validation[1]).long()
    net = Net(images, *net).to(memory_format=torch.channels_last)
    optimizer = sgd(net)
    flips = torch.from_numpy(rng.random(len(images)) < 0.5)
    images[flips] = images[flips].flip(3)
    padded = F.pad(images, (2, 2, 2, 2), mode="reflect")
    each = len(images) // BATCH
    slow = {name: value.clone() for name, value in net.state_dict().items()}
    for epoch in range(epochs):
        now = moved(padded, rng)
        now = now.flip(3) if epoch % 2 else now
        order = torch.from_numpy(rng.permutation(len(now)))
        for number in range(epoch * each, (epoch + 1) * each):
            for group in optimizer.param_groups:
                group["lr"] = group["factor"] * rate(number, epochs * each)
            chosen = order[number % each * BATCH :][:BATCH]
            batch = now[chosen].contiguous(memory_format=torch.channels_last)
            step(net, optimizer, batch, truth[chosen], precision)
            if (number + 1) % EVERY == 0:
                follow(net, slow, KEPT**EVERY * ((number + 1) / (epochs * each)) ** 3)
        after(epoch + 1, judged(net, seen, answers, precision))
    net.load_state_dict(slow)
    return judged(net, seen, answers, precision, six_views)


def follow(net, slow, kept):
    for name, value in net.state_dict().items():
        if value.is_floating_point():
            slow[name].lerp_(value, 1 - kept)
            value.copy_(slow[name])
