"""Tensor parallelism of ``nn.MultiheadAttention``, whose forward takes its weights whole.

Each device has some heads: their rows of the projections of queries, keys and values, and their
columns of that of the output, whose sum over devices is the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.parameter import Parameter

from ..tracing.modules import walk
from .local import entering, gathered, own_part, split_parameters, summed

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh

_IN = ("in_proj_weight", "in_proj_bias", "q_proj_weight", "k_proj_weight", "v_proj_weight")


def multi_heads(model: nn.Module) -> Iterator[tuple[str, nn.MultiheadAttention]]:
    """The layers of attention of ``model`` that compute as PyTorch's own class does."""
    for path, module in walk(model):
        if not isinstance(module, nn.MultiheadAttention):
            continue
        if type(module).forward is nn.MultiheadAttention.forward:
            yield path, module


def split_multi_head(module: nn.MultiheadAttention, devices: DeviceMesh) -> None:
    """Split the heads of ``module`` over ``devices``.

    Its rows for queries, keys and values are then those of the first device, then those of the
    second, and so on.
    """
    held = [name for name in _IN if isinstance(getattr(module, name), Parameter)]
    split_parameters(module, devices, dict.fromkeys(held, 0))
    split_parameters(module.out_proj, devices, {"weight": 1})
    if module.bias_k is not None:
        split_parameters(module, devices, {"bias_k": 2, "bias_v": 2})
    vars(module)["modelviz_devices"] = devices
    module.__class__ = _SplitHeads


class _SplitHeads(nn.MultiheadAttention):
    """Some of the heads of a layer, with the forward of all of them."""

    modelviz_devices: DeviceMesh

    def forward(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        key_padding_mask: torch.Tensor | None = None,
        need_weights: bool = True,
        attn_mask: torch.Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        if is_causal and attn_mask is None:
            raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
        devices = self.modelviz_devices
        batched = query.dim() == 3
        given = {id(x): entering(x, devices) for x in (query, key, value)}
        inputs = [self._batch_first(given[id(x)], batched) for x in (query, key, value)]
        q, k, v = self._projected(*inputs)
        steps = k.shape[1]
        k, v = self._with_more(k, self.bias_k), self._with_more(v, self.bias_v)
        more = k.shape[1] - steps
        q, k, v = (self._in_heads(x) for x in (q, k, v))
        causal = is_causal and key_padding_mask is None and not need_weights
        mask = None if causal else self._mask(q, attn_mask, key_padding_mask)
        mask = mask if mask is None or not more else F.pad(mask, (0, more))
        dropout = self.dropout if self.training else 0.0
        weights: torch.Tensor | None = None
        if need_weights:
            scores = (q / sqrt(q.shape[-1])) @ k.transpose(-2, -1)
            weights = torch.softmax(scores if mask is None else scores + mask, -1)
            weights = F.dropout(weights, dropout) if dropout else weights
            made = weights @ v
        else:
            made = F.scaled_dot_product_attention(q, k, v, mask, dropout, causal)
        own: Any = self.out_proj.weight
        result = summed(F.linear(made.transpose(1, 2).flatten(2), own.to_local()), devices)
        if self.out_proj.bias is not None:
            result = result + self.out_proj.bias
        if weights is not None:
            weights = (
                summed(weights.mean(1), devices) / devices.size()
                if average_attn_weights
                else gathered(weights, devices, 1)
            )
        if not batched:
            return result.squeeze(0), None if weights is None else weights.squeeze(0)
        return result if self.batch_first else result.transpose(0, 1), weights

    def _batch_first(self, x: torch.Tensor, batched: bool) -> torch.Tensor:
        if not batched:
            return x.unsqueeze(0)
        return x if self.batch_first else x.transpose(0, 1)

    def _projected(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Queries, keys and values of the heads that this device has: (batch, steps, features)."""
        weight: Any = self.in_proj_weight  # None where each has its own
        biases = self._local(self.in_proj_bias)
        if weight is None:
            own = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
            weights = tuple(map(self._local, own))
        elif inputs[0] is inputs[1] is inputs[2]:
            return F.linear(inputs[0], self._local(weight), biases).chunk(3, -1)
        else:
            weights = self._local(weight).chunk(3)
        bias = (None,) * 3 if biases is None else biases.chunk(3)
        every = zip(inputs, weights, bias, strict=True)
        return tuple(F.linear(x, part, added) for x, part, added in every)

    def _with_more(self, x: torch.Tensor, bias: Any) -> torch.Tensor:
        """Keys or values with those that the layer adds: a learned one, then one of zeros."""
        added = [] if bias is None else [self._local(bias).expand(len(x), -1, -1)]
        added += [x.new_zeros(len(x), 1, x.shape[-1])] if self.add_zero_attn else []
        return torch.cat([x, *added], 1) if added else x

    def _in_heads(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, steps, features) as (batch, heads, steps, features of a head)."""
        return torch.unflatten(x, -1, (-1, self.head_dim)).transpose(1, 2)

    def _mask(
        self, q: torch.Tensor, mask: torch.Tensor | None, padding: torch.Tensor | None
    ) -> torch.Tensor | None:
        """Both masks in one, of numbers that are added to the scores: (batch, heads, to, from)."""
        found = None if mask is None else _added(mask, q.dtype)
        if found is not None and found.dim() == 3:
            found = found.unflatten(0, (-1, self.num_heads))
            found = own_part(found, self.modelviz_devices, 1)
        if padding is not None:
            row = _added(padding if padding.dim() == 2 else padding[None], q.dtype)[:, None, None]
            found = row if found is None else found + row
        return found

    @staticmethod
    def _local(parameter: Any) -> Any:
        return None if parameter is None else parameter.to_local()


def _added(mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A mask as numbers to add: what is True in one of truth values is left out."""
    if mask.dtype is not torch.bool:
        return mask.to(dtype)
    return torch.zeros_like(mask, dtype=dtype).masked_fill_(mask, float("-inf"))
