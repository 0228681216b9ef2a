"""NV-Embed: a Mistral in which each token sees all others, and latent attention over its states.

Source: Lee et al., NV-Embed: Improved Techniques for Training LLMs as Generalist Embedding Models (ICLR 2025, arXiv
2405.17428), sections 3.1 (no causal mask) and 3.2 (latent attention). What the paper leaves open is as in the published
checkpoints, whose names of weights are the names of modules here: a norm before both blocks, and before the latent
array; a residual around both; no bias in the attention; GEGLU (Shazeer 2020, arXiv 2002.05202) in the feed-forward
block, four times as wide. No code from the hub is run.

The states that come out are pooled and normalised as those of any other model: by the mean over the text's own tokens.

torch and transformers are imported with this module, which is therefore imported when a model is loaded.
"""

# mypy: disable-error-code="misc, no-untyped-call, no-any-return"
# transformers' base classes are not typed, and those of torch are Any where it is not installed.

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention
from transformers import AutoConfig, AutoModel, MistralConfig, MistralModel, PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

KIND = "nvembed"
"""The `model_type` of a checkpoint's `config.json`."""
WIDENING = 4
LATENTS = {
    "num_latents_value": 512,
    "num_cross_heads": 8,
    "hidden_dim": 4096,
    "latent_dim": 4096,
    "cross_dim_head": 4096,
}
"""The published sizes, for those that a checkpoint does not state; each head is as wide as a state."""


class NvEmbedConfig(PreTrainedConfig):
    """A checkpoint's `config.json`: the decoder under `text_config`, sizes under `latent_attention_config`."""

    model_type = KIND
    sub_configs = {"text_config": MistralConfig}  # noqa: RUF012

    def __init__(
        self,
        text_config: dict[str, Any] | None = None,
        latent_attention_config: dict[str, Any] | None = None,
        hidden_size: int = 4096,
        **others: Any,
    ) -> None:
        """Take what the file says.

        Raises:
            ValueError: It describes no decoder.
        """
        self.text_config = _decoder(text_config or {})
        self.latent_attention_config = LATENTS | dict(latent_attention_config or {})
        self.hidden_size = hidden_size
        super().__init__(**others)


def _refused(model: PreTrainedModel, module: nn.Module) -> None:
    """What transformers does for a module that a checkpoint does not fill: tables are computed, no weights are drawn.

    Raises:
        ValueError: It is a module with weights.
    """
    if any(True for _ in module.parameters(recurse=False)):
        raise ValueError(f"it has no weights for a {type(module).__name__} of {type(model).__name__}")
    PreTrainedModel._init_weights(model, module)


class Decoder(MistralModel):
    """Mistral, with the weights of a checkpoint or none."""

    _init_weights = _refused


class NvEmbedModel(PreTrainedModel):
    """Token ids to states behind the latent attention; the causal mask is taken off where it is loaded."""

    config_class = NvEmbedConfig
    _init_weights = _refused
    _supports_sdpa = True

    def __init__(self, config: NvEmbedConfig) -> None:
        """Make the modules; their weights come from a checkpoint."""
        super().__init__(config)
        self.embedding_model = Decoder(config.text_config)
        sizes = config.latent_attention_config
        self.latent_attention_model = LatentAttention(**{name: int(sizes[name]) for name in LATENTS})
        self.post_init()

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **others: Any) -> BaseModelOutput:
        """Read texts.

        Args:
            input_ids: int64, shape (texts, tokens).
            attention_mask: 0 where a token is padding, shape (texts, tokens).
            others: What sentence-transformers passes besides.

        Returns:
            `last_hidden_state`: float32 whatever the weights are, shape (texts, tokens, d), for the published code
            sums in float32.
        """
        states = self.embedding_model(input_ids, attention_mask=attention_mask, use_cache=False).last_hidden_state
        return BaseModelOutput(last_hidden_state=self.latent_attention_model(states).float())


class LatentAttention(nn.Module):
    """Each state looks up the trained latent array (keys and values), then goes through a feed-forward block."""

    def __init__(
        self, num_latents_value: int, num_cross_heads: int, hidden_dim: int, latent_dim: int, cross_dim_head: int
    ) -> None:
        """Make the modules.

        Args:
            num_latents_value: Latents.
            num_cross_heads: Heads.
            hidden_dim: Length of a latent as the norm before keys and values takes it; equal to the following one.
            latent_dim: Length of a latent, and of a state.
            cross_dim_head: Length of a head's query.
        """
        super().__init__()
        self.latents = nn.Parameter(torch.empty(num_latents_value, latent_dim))
        attention = CrossAttention(latent_dim, hidden_dim, num_cross_heads, cross_dim_head)
        self.cross_attend_blocks = nn.ModuleList(
            [Normed(latent_dim, attention, hidden_dim), Normed(latent_dim, FeedForward(latent_dim))]
        )

    def forward(self, states: Tensor) -> Tensor:
        """States to states, shape (texts, tokens, d); each token by itself, so padding plays no part."""
        look_up, feed_forward = self.cross_attend_blocks
        states = states + look_up(states, self.latents)
        return states + feed_forward(states)


class Normed(nn.Module):
    """A block behind a layer norm, with another one for what it looks at."""

    def __init__(self, size: int, block: nn.Module, context_size: int | None = None) -> None:
        """Make the norms, the second one where there is a context."""
        super().__init__()
        self.fn = block
        self.norm = nn.LayerNorm(size)
        self.norm_context = None if context_size is None else nn.LayerNorm(context_size)

    def forward(self, states: Tensor, *context: Tensor) -> Any:
        """Normalise, and run the block."""
        if self.norm_context is not None:
            context = tuple(self.norm_context(one) for one in context)
        return self.fn(self.norm(states), *context)


class CrossAttention(nn.Module):
    """Multi-head attention of states to latents, which are the same for all texts."""

    def __init__(self, size: int, context_size: int, heads: int, head_size: int) -> None:
        """Make the projections."""
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(size, heads * head_size, bias=False)
        self.to_kv = nn.Linear(context_size, 2 * heads * head_size, bias=False)
        self.to_out = nn.Linear(heads * head_size, size, bias=False)

    def forward(self, states: Tensor, latents: Tensor) -> Any:
        """States (texts, tokens, d) and latents (n, d) to states."""
        keys, values = self.to_kv(latents).chunk(2, dim=-1)
        queries = self._split(self.to_q(states).flatten(0, 1))
        found = scaled_dot_product_attention(queries, self._split(keys), self._split(values))
        return self.to_out(found.transpose(0, 1).flatten(1)).unflatten(0, states.shape[:2])

    def _split(self, rows: Tensor) -> Tensor:
        """(n, heads * size) to (heads, n, size)."""
        return rows.unflatten(-1, (self.heads, -1)).transpose(0, 1)


class FeedForward(nn.Module):
    """Linear, GEGLU, linear."""

    def __init__(self, size: int) -> None:
        """Make the layers; the second place, which has no weights, is that of the activation."""
        super().__init__()
        wide = WIDENING * size
        self.net = nn.ModuleList([nn.Linear(size, 2 * wide), nn.Identity(), nn.Linear(wide, size)])

    def forward(self, states: Tensor) -> Any:
        """The first half of what is widened, gated by the second."""
        widen, _, narrow = self.net
        kept, gate = widen(states).chunk(2, dim=-1)
        return narrow(kept * gelu(gate))


def register() -> None:
    """Let transformers know the architecture; may be called again."""
    AutoConfig.register(KIND, NvEmbedConfig, exist_ok=True)
    AutoModel.register(NvEmbedConfig, NvEmbedModel, exist_ok=True)


def is_nv_embed(model: Any) -> bool:
    """Whether a SentenceTransformer runs an NV-Embed."""
    return isinstance(getattr(model[0], "auto_model", None), NvEmbedModel)


def _decoder(stated: dict[str, Any]) -> MistralConfig:
    """The Mistral without a window, for the published mask hides padding alone."""
    if not stated:
        raise ValueError("its config.json has no text_config, which is to describe the decoder")
    kept = {name: value for name, value in stated.items() if name not in ("model_type", "auto_map")}
    return MistralConfig(**{**kept, "sliding_window": None})
