"""From a name on the command line to a language model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from toolbench_eval.errors import UsageError
from toolbench_eval.llms.cached import CachedLLM
from toolbench_eval.llms.meter import Meter, price_of
from toolbench_eval.location import cache_root
from toolbench_eval.memo import Memo

if TYPE_CHECKING:
    from toolbench_eval.llms.endpoint import Patience
    from toolbench_eval.retrievers.base import Runtime

REPLIES = "replies.sqlite"
FORMS = (
    "openai/<model>, openai-api/<name>/<model>, hf/<id or folder>, scripted or scripted/<module>:<function>, "
    "or <provider>/<model> with a provider of the agent runtime such as anthropic, google or mistral"
)
PROVIDERS = {
    *(
        "anthropic",
        "azureai",
        "bedrock",
        "cloudflare",
        "deepseek",
        "fireworks",
        "google",
        "grok",
        "groq",
        "litellm-proxy",
    ),
    *("hf-inference-providers", "meta", "mistral", "mockllm", "moonshot", "ollama", "openrouter", "perplexity"),
    *("sagemaker", "sambanova", "together"),
}
"""Hosted providers that the agent runtime knows how to ask, by its names; `mockllm` is its stand-in for one."""


def load_llm(
    name: str,
    *,
    runtime: Runtime | None = None,
    patience: Patience | None = None,
    cache: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> CachedLLM:
    """Make a language model; nothing is sent or loaded before it is asked.

    Args:
        name: `openai/<model>` (key in `OPENAI_API_KEY`), `openai-api/<name>/<model>` (address in
            `<NAME>_BASE_URL`, key in `<NAME>_API_KEY`), `hf/<hub id or folder>`, `scripted`, or a model of a provider
            that the agent runtime knows (`anthropic/<model>`, `google/<model>` ...; their keys are always the
            process's own).
        runtime: How local models are executed.
        patience: Bounds of calls.
        cache: Folder of the response cache, None for the usual one.
        environment: Where addresses and keys are read, None for the process's own.

    Raises:
        UsageError: The name cannot be read, or an environment variable or a package that it needs is not there.
    """
    memo = Memo((cache or cache_root()) / REPLIES)
    provider, _, rest = name.partition("/")
    if provider in {"openai", "openai-api"}:
        from toolbench_eval.llms.endpoint import Endpoint, Patience, parse_address
        from toolbench_eval.llms.hosted import HostedLLM

        address, model = parse_address(name) if environment is None else parse_address(name, environment)
        meter = Meter(price_of(name))
        return CachedLLM(HostedLLM(name, model, Endpoint(address, meter, patience or Patience())), memo, meter)
    if provider == "hf" and rest:
        from toolbench_eval.llms.local import LocalLLM

        return CachedLLM(LocalLLM(rest, runtime), memo, Meter())
    if provider == "scripted":
        from toolbench_eval.llms.scripted import Scripted, find_script

        return CachedLLM(Scripted(find_script(rest) if rest else None, name), None, Meter())
    if provider in PROVIDERS and rest:
        from toolbench_eval.llms.endpoint import Patience
        from toolbench_eval.llms.runtime_provider import ProviderLLM

        meter = Meter(price_of(name))
        return CachedLLM(ProviderLLM(name, patience or Patience(), meter), memo, meter)
    raise UsageError(f"'{name}' is no language model; use {FORMS}")
