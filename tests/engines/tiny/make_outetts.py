"""Make a tiny OuteTTS 1.0 with random weights, and a tiny codec: python make_outetts.py FOLDER.

It babbles for a second or two whatever the text, as a model does that knows only which kind of token follows which:
pairs of codes in eight phases, each left at random for the next, and after the last one the end.

With --real-size both are as large as the published ones, to be measured. It speaks for three seconds then, in the
published layout: eight words, each of them ten tokens and its pairs of codes.
"""

import argparse
import sys
import types
from pathlib import Path

import dac
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

# outetts wants llama_cpp, which is not used here.
sys.modules["llama_cpp"] = types.SimpleNamespace(__version__="0", Llama=None, llama_token_is_eog=None)  # type: ignore[assignment]
from outetts.version.v3.tokens import SpecialTokens  # noqa: E402 - as said

PHASES = 8
KINDS = 2 * PHASES + 2
START, END = KINDS - 2, KINDS - 1
SIZE = 64
NEXT, LAST = 3.55, 4.65
"""How much a pair wants the next phase, or the end, where it wants its own phase by 4."""
WORDS, PAIRS = 8, 28
"""Of a speech by the large one: three seconds."""


def tokenizer() -> PreTrainedTokenizerFast:
    """Bytes, and all tokens that OuteTTS has besides."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={byte: number for number, byte in enumerate(alphabet)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    own = SpecialTokens()
    special = [token for token in own.to_dict().values() if "{" not in token]
    special += [form.format(number) for form in (own.c1, own.c2) for number in range(1025)]
    special += [own.time.format(number / 100) for number in range(1001)]
    special += [
        form.format(number)
        for form in (own.energy, own.spectral_centroid, own.pitch)
        for number in range(101)
    ]
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token=own.bos,
        eos_token=own.eos,
        pad_token=own.eos,
        additional_special_tokens=special,
    )


def kinds(tokens: PreTrainedTokenizerFast) -> torch.Tensor:
    """What kind each token is."""
    own = SpecialTokens()
    kind = torch.full((len(tokens),), START)
    for number in range(1024):
        phase = number * PHASES // 1024
        kind[tokens.convert_tokens_to_ids(own.c1.format(number))] = 2 * phase
        kind[tokens.convert_tokens_to_ids(own.c2.format(number))] = 2 * phase + 1
    kind[tokens.convert_tokens_to_ids(own.audio_end)] = END
    return kind


def follows() -> torch.Tensor:
    """How much a kind (row) wants which kind to follow (column)."""
    wants = torch.full((KINDS, KINDS), -20.0)
    wants[START, 0] = 4.0
    for phase in range(PHASES):
        first, second = 2 * phase, 2 * phase + 1
        wants[first, second] = wants[second, first] = 4.0
        wants[second, first + 2 if phase < PHASES - 1 else END] = NEXT if phase < PHASES - 1 else LAST
    return wants


def main(folder: Path, real_size: bool) -> None:
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    tokens = tokenizer()
    tokens.save_pretrained(folder)
    (large if real_size else small)(tokens).save_pretrained(folder)
    widths = {} if real_size else {"encoder_dim": 4, "latent_dim": 32, "decoder_dim": 32}
    codec = dac.DAC(  # as IBM's for 24 kHz and 1.5 kbps
        **widths,
        encoder_rates=[2, 4, 5, 8],
        decoder_rates=[8, 5, 4, 2],
        n_codebooks=2,
        codebook_size=1024,
        codebook_dim=8,
        sample_rate=24000,
    )
    codec.save(str(folder / "dac.pth"), package=False)


def small(tokens: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokens),
            hidden_size=SIZE,
            intermediate_size=SIZE,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=32,
            max_position_embeddings=8192,
            tie_word_embeddings=False,
            bos_token_id=tokens.bos_token_id,
            eos_token_id=tokens.eos_token_id,
        )
    )
    kind = torch.nn.functional.one_hot(kinds(tokens), KINDS).float()
    seen, wanted = (0.1 * torch.randn(len(tokens), SIZE) for _ in range(2))
    seen[:, :KINDS] = kind
    wanted[:, :KINDS] = kind @ follows().T / 7
    wanted[:, KINDS:] *= 0.5
    with torch.no_grad():
        model.model.embed_tokens.weight.copy_(seen)
        model.lm_head.weight.copy_(wanted)
        # What was said before, voice and text are heard in the choice of codes, not of kinds.
        (layer,) = model.model.layers
        layer.mlp.down_proj.weight.zero_()
        layer.self_attn.o_proj.weight.mul_(8.0)[:KINDS] = 0.0
    return model


def large(tokens: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """Each token of a speech belongs to a step, and wants one of the next step's tokens: so it always ends in time."""
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=157_760,
            hidden_size=1024,
            intermediate_size=3072,
            num_hidden_layers=28,
            num_attention_heads=16,
            num_key_value_heads=8,
            head_dim=128,
            max_position_embeddings=40_960,
            tie_word_embeddings=True,
            bos_token_id=tokens.bos_token_id,
            eos_token_id=tokens.eos_token_id,
        )
    )
    said = steps(tokens)
    count = len(said) + 1
    with torch.no_grad():
        seen = model.model.embed_tokens.weight
        seen[:, :count] = 0.0
        seen[:, 0] = 1.0  # whatever else was read, the speech begins
        for number, group in enumerate(said, 1):
            seen[group, 0] = 0.0
            seen[group, number] = 1.0
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.mul_(0.001)
            layer.mlp.down_proj.weight.mul_(0.001)
        # The last layer reads a step, which is large enough there for silu(x) to be x, and writes the next one.
        mlp = model.model.layers[-1].mlp
        step = torch.eye(count, 1024)
        mlp.gate_proj.weight[:count] = step
        mlp.up_proj.weight[:count] = step
        mlp.down_proj.weight[:, :count] = (step.roll(1, 1) - step).T / 1024
    return model.to(torch.bfloat16)


def steps(tokens: PreTrainedTokenizerFast) -> list[list[int]]:
    """Which tokens are said one after the other: for each step those that it can be, which no other step has."""
    own = SpecialTokens()
    first, second = ([form.format(number) for number in range(1024)] for form in (own.c1, own.c2))
    other = [own.time.format(number / 100) for number in range(1000)]
    said = []
    for word in range(WORDS):
        said += [other[step :: 10 * WORDS] for step in range(10 * word, 10 * word + 10)]
        for pair in range(PAIRS * word, PAIRS * word + PAIRS):
            said += [first[pair :: PAIRS * WORDS], second[pair :: PAIRS * WORDS]]
    said.append([own.audio_end])
    return [tokens.convert_tokens_to_ids(group) for group in said]


parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("--real-size", action="store_true")
main(**vars(parser.parse_args()))
