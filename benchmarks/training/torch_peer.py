"""The networks, losses and steps of PISR as they are usually written in plain PyTorch."""

import torch
from torch import nn
from torch.nn.functional import l1_loss, pixel_shuffle, softplus


class FSRCNN(nn.Module):
    """Like `keras_pisr.models.FSRCNN`, with the transposed convolution of PyTorch."""

    channels = 56  # Number of channels of `features`.

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

    def image(self, feature, x):
        """The HR image, from `features` of `x`."""
        return self.last(feature)

    def forward(self, x):
        """Upscale."""
        return self.image(self.features(x), x)


class PlainSR(nn.Module):
    """Like `keras_pisr.models.PlainSR` of the size "small"."""

    channels = 16

    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.first = nn.Sequential(nn.Conv2d(1, 16, 5, padding=2), nn.ReLU())
        body = [m for _ in range(5) for m in (nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())]
        self.body = nn.Sequential(*body)
        self.residual = nn.Conv2d(16, scale**2, 3, padding=1)
        self.linear = nn.Conv2d(1, scale**2, 5, padding=2, bias=False)

    def features(self, x):
        """Input of the last layer."""
        early = self.first(x)
        return self.body(early) + early

    def image(self, feature, x):
        """The HR image, from `features` of `x`."""
        return pixel_shuffle((self.residual(feature) + self.linear(x)).clamp(0, 1), self.scale)

    def forward(self, x):
        """Upscale."""
        return self.image(self.features(x), x)


NETWORKS = {"fsrcnn": FSRCNN, "plain_sr": PlainSR}


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


def head(channels):
    return nn.Sequential(
        nn.Conv2d(channels, channels, 1), nn.PReLU(), nn.Conv2d(channels, channels, 1)
    )


class Student(nn.Module):
    """The student alone."""

    def __init__(self, scale, network):
        super().__init__()
        self.student = network(scale)

    def losses(self, lr, hr):
        """The terms of the loss by name."""
        return {"reconstruction": l1_loss(self.student(lr), hr)}


class Stage1(nn.Module):
    """The privileged teacher."""

    def __init__(self, scale, network):
        super().__init__()
        self.encoder, self.decoder = encoder(scale), network(scale)

    def losses(self, lr, hr):
        """The terms of the loss by name."""
        code = self.encoder(hr)
        return {
            "reconstruction": l1_loss(self.decoder(code), hr),
            "imitation": 1e-4 * l1_loss(code, lr),
        }


class Stage2(nn.Module):
    """The student, and heads that predict the features of the frozen teacher."""

    def __init__(self, scale, network):
        super().__init__()
        self.student = network(scale)
        self.location, self.scale = head(network.channels), head(network.channels)
        self.encoder, self.decoder = encoder(scale), network(scale)
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
            "reconstruction": l1_loss(self.student.image(feature, lr), hr),
            "distillation": 1e-6 * nll.mean(),
        }


STAGES = {"student": Student, "stage 1": Stage1, "stage 2": Stage2}


class Trainer:
    """Takes Adam steps on one batch, and sums every loss as a log needs.

    Args:
        stage: A name in `STAGES`.
        batch: `(lr, hr)`, NumPy arrays with channels last.
        scale: Upscaling factor.
        network: A name in `NETWORKS`.
        channels_last: Also keep channels last in memory.
        device: Device on which to train.
        compiled: Compile networks and losses in the mode that replays CUDA graphs, and take Adam as
            one kernel.
    """

    def __init__(
        self,
        stage,
        batch,
        scale,
        *,
        network="fsrcnn",
        channels_last=False,
        device="cpu",
        compiled=False,
    ):
        layout = {"memory_format": torch.channels_last} if channels_last else {}
        self.model = STAGES[stage](scale, NETWORKS[network]).to(device, **layout)
        self.losses = self.model.losses
        if compiled:
            self.losses = torch.compile(self.losses, mode="reduce-overhead")
        self.batch = [
            torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(**layout).to(device) for x in batch
        ]
        self.weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.optimizer = torch.optim.Adam(self.weights, 1e-3, fused=compiled or None)
        self.sums = {}

    def step(self):
        """One step, which adds its losses to the sums."""
        self.optimizer.zero_grad()
        losses = self.losses(*self.batch)
        sum(losses.values()).backward()
        self.optimizer.step()
        for name, value in losses.items():
            if name not in self.sums:
                self.sums[name] = torch.zeros_like(value)
            self.sums[name] += value.detach()

    def run(self, steps):
        """Take steps; returns the mean of every loss."""
        for total in self.sums.values():
            total.zero_()
        for _ in range(steps):
            self.step()
        return {name: float(total) / steps for name, total in self.sums.items()}


class GraphTrainer(Trainer):
    """A `Trainer` whose whole step, with Adam, is one CUDA graph, launched once per step."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.optimizer = torch.optim.Adam(self.weights, 1e-3, fused=True, capturable=True)
        # Objects that the first step makes must not become a part of the graph.
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):
                super().step()
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            super().step()

    def step(self):
        """One step of the recorded graph."""
        self.graph.replay()
