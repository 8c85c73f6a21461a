"""The networks, losses and steps of PISR as they are usually written in plain PyTorch."""

import torch
from torch import nn
from torch.nn.functional import l1_loss, softplus


class FSRCNN(nn.Module):
    """As `keras_pisr.models.FSRCNN`, with the transposed convolution of PyTorch."""

    def __init__(self, scale):
        super().__init__()
        mapping = [m for _ in range(4) for m in (nn.Conv2d(12, 12, 3, padding=1), nn.PReLU())]
        self.features = nn.Sequential(
            nn.Conv2d(1, 56, 5, padding=2),
            nn.PReLU(),
            nn.Conv2d(56, 12, 1),
            nn.PReLU(),
            *mapping,
            nn.Conv2d(12, 56, 1),
            nn.PReLU(),
        )
        self.last = nn.ConvTranspose2d(56, 1, 9, scale, padding=4, output_padding=scale - 1)

    def forward(self, x):
        """Upscale."""
        return self.last(self.features(x))


def encoder(scale):
    return nn.Sequential(
        nn.Conv2d(1, 56, 5, padding=2),
        nn.PReLU(),
        nn.Conv2d(56, 56, 5, scale, padding=2),
        nn.PReLU(),
        nn.Conv2d(56, 12, 3, padding=1),
        nn.PReLU(),
        nn.Conv2d(12, 1, 3, padding=1),
    )


def head():
    return nn.Sequential(nn.Conv2d(56, 56, 1), nn.PReLU(), nn.Conv2d(56, 56, 1))


class Student(nn.Module):
    """The student alone."""

    def __init__(self, scale):
        super().__init__()
        self.student = FSRCNN(scale)

    def losses(self, lr, hr):
        """The terms of the loss by name."""
        return {"reconstruction": l1_loss(self.student(lr), hr)}


class Stage1(nn.Module):
    """The privileged teacher."""

    def __init__(self, scale):
        super().__init__()
        self.encoder, self.decoder = encoder(scale), FSRCNN(scale)

    def losses(self, lr, hr):
        """The terms of the loss by name."""
        code = self.encoder(hr)
        return {
            "reconstruction": l1_loss(self.decoder(code), hr),
            "imitation": 1e-4 * l1_loss(code, lr),
        }


class Stage2(nn.Module):
    """The student, and heads that explain the features of the frozen teacher."""

    def __init__(self, scale):
        super().__init__()
        self.student, self.location, self.scale = FSRCNN(scale), head(), head()
        self.encoder, self.decoder = encoder(scale), FSRCNN(scale)
        for guide in (self.encoder, self.decoder):
            guide.requires_grad_(False)

    def losses(self, lr, hr):
        """The terms of the loss by name."""
        with torch.no_grad():
            target = self.decoder.features(self.encoder(hr))
        feature = self.student.features(lr)
        spread = 0.1 * softplus(self.scale(feature)) + 1e-8
        nll = torch.log(2 * spread) + (target - self.location(feature)).abs() / spread
        return {
            "reconstruction": l1_loss(self.student.last(feature), hr),
            "distillation": 1e-6 * nll.mean(),
        }


STAGES = {"student": Student, "stage 1": Stage1, "stage 2": Stage2}


class Trainer:
    """Adam steps on one batch, with the sums of every loss that a log needs."""

    def __init__(self, stage, batch, scale, *, channels_last=False, device="cpu"):
        layout = {"memory_format": torch.channels_last} if channels_last else {}
        self.model = STAGES[stage](scale).to(device, **layout)
        self.batch = [
            torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(**layout).to(device) for x in batch
        ]
        weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.optimizer = torch.optim.Adam(weights, 1e-3)

    def run(self, steps):
        """Take steps; returns the mean of every loss."""
        sums = {}
        for _ in range(steps):
            self.optimizer.zero_grad()
            losses = self.model.losses(*self.batch)
            sum(losses.values()).backward()
            self.optimizer.step()
            for name, value in losses.items():
                sums[name] = sums.get(name, 0) + value.detach()
        return {name: float(value) / steps for name, value in sums.items()}
