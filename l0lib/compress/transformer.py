r"""A small transformer that reads bytes: attention, and a scale in front of every normalisation that is free.

The network is that of A. Vaswani and others, *Attention Is All You Need*, NeurIPS 2017, without its encoder, with the
normalisation in front of each part (R. Xiong and others, *On Layer Normalization in the Transformer Architecture*, ICML
2020). Of a batch of n sequences of T bytes :math:`b_1 \dots b_T` it makes a *stream* x of shape (n, T, d),

.. math:: x_0 = E[b] + P, \qquad y_l = x_l + \operatorname{Attention}_l(\operatorname{LN}(x_l)), \qquad
          x_{l+1} = y_l + W_2\,\operatorname{GELU}(W_1 \operatorname{LN}(y_l)),

and of it a score for every byte that may come next, :math:`W_\text{head}\operatorname{LN}(x_L)`, shape (n, T, 256).
A head of attention with queries, keys and values :math:`q, k, v` of width :math:`d/h` gives at place t

.. math:: \sum_{s \le t} \operatorname{softmax}_s\big(q_t \cdot k_s / \sqrt{d/h}\big)\,v_s .

No linear layer has a bias, and the head's matrix is not that of the bytes: so a common factor on all that writes to the
stream (E, P, every attention's output, every :math:`W_2`) leaves the network's function as it was, but for the small
number in the normalisations' division. What has one axis is scales and shifts of normalisations alone.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from .. import _validate

BYTES = 256


class Attention(nn.Module):
    """Causal self-attention with ``heads`` heads: sequences (n, T, width) to sequences of the same shape."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return for each place a mixture of the values up to it."""
        split = (len(x), x.shape[1], self.heads, -1)
        q, k, v = (layer(x).view(split).transpose(1, 2) for layer in (self.query, self.key, self.value))
        mixed = scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.output(mixed.transpose(1, 2).reshape(x.shape))


class Block(nn.Module):
    """Attention, then two layers with GELU between, each behind a normalisation and added to the stream."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, 4 * width, bias=False)
        self.output = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the stream (n, T, width) with what this block adds to it."""
        x = x + self.attention(self.norm1(x))
        return x + self.output(gelu(self.hidden(self.norm2(x))))


class ByteTransformer(nn.Module):
    r"""A causal transformer over bytes: :math:`12 L d^2 + (512 + T)\,d + 2(2L + 1)\,d` parameters.

    Parameters
    ----------
    seed : int, default 0
        Seed of the initial weights: normal, of deviation :math:`1/\sqrt d` for bytes and places,
        :math:`1/\sqrt{\text{inputs}}` for linear layers, and :math:`1/\sqrt{2L \cdot \text{inputs}}` for those that
        write to the stream. Scales of normalisations are one, shifts zero.
    width : int, default 96
        d, a multiple of ``heads``.
    blocks : int, default 3
        L.
    heads : int, default 4
    context : int, default 128
        T: the bytes that it reads at most.
    """

    def __init__(self, seed: int = 0, width: int = 96, blocks: int = 3, heads: int = 4, context: int = 128):
        super().__init__()
        for name, value in {"width": width, "blocks": blocks, "heads": heads, "context": context}.items():
            _validate.whole(name, value, 1)
        if width % heads:
            raise ValueError(f"width must be a multiple of heads, {heads}; got {width}")
        self.context = context
        self.bytes = nn.Embedding(BYTES, width)
        self.places = nn.Embedding(context, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, BYTES, bias=False)
        generator = torch.Generator().manual_seed(_validate.seed(seed))
        for name, module in self.named_modules():
            if isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, 0, width**-0.5, generator)
            elif isinstance(module, nn.Linear):
                writers = 2 * blocks if name.endswith("output") else 1
                nn.init.normal_(module.weight, 0, (writers * module.in_features) ** -0.5, generator)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        """Return the scores (n, T, 256) of each next byte, given bytes (n, T), T at most the context."""
        x = self.bytes(text) + self.places(torch.arange(text.shape[1], device=text.device))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))

    def writers(self) -> list[torch.Tensor]:
        """Return the weights that write to the stream: a common factor on them all leaves the function as it was."""
        blocks = [block for block in self.blocks if isinstance(block, Block)]
        ends = [layer.weight for block in blocks for layer in (block.attention.output, block.output)]
        return [self.bytes.weight, self.places.weight, *ends]


@torch.no_grad()
def continue_text(model: ByteTransformer, prompt: bytes, count: int) -> bytes:
    """Return the ``count`` bytes that ``model`` takes to be the likeliest, one after another, behind ``prompt``.

    There is no draw: of equal scores the first byte counts. An empty prompt is a ValueError.
    """
    if not prompt:
        raise ValueError("prompt must hold at least one byte; got none")
    device = model.head.weight.device
    text = torch.tensor([list(prompt)], device=device)
    for _ in range(_validate.whole("count", count, 0)):
        following = model(text[:, -model.context :])[:, -1:].argmax(-1)
        text = torch.cat([text, following], 1)
    return bytes(text[0, len(prompt) :].tolist())
