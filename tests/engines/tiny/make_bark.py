"""Make a tiny model of Bark with random weights, as transformers lays it out: ``python make_bark.py FOLDER``.

It babbles for a second or two: half a second, or as long as --seconds says, passes before a token can end it, and then
about one in fifty does; more where the --pull (3) is greater. With --real-size it is as large as the published one, to
be measured, and ends after 3 seconds.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    BarkCoarseConfig,
    BarkConfig,
    BarkFineConfig,
    BarkModel,
    BarkSemanticConfig,
    BertTokenizerFast,
    EncodecConfig,
)
from transformers.models.bark import generation_configuration_bark as generation

LETTERS = [chr(code) for code in range(33, 127)] + list("äöüßéèñçаеиоу你好")
OFFSET = 10_048
TINY = {"num_layers": 1, "num_heads": 2, "hidden_size": 16}
PUBLISHED = {"num_layers": 24, "num_heads": 16, "hidden_size": 1024}
PUBLISHED_WORDS = 119_544


def main(folder: Path, real_size: bool, seconds: float | None, pull: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), do_lower_case=False).save_pretrained(folder)
    count = PUBLISHED_WORDS if real_size else len(words)
    model = BarkModel(config(count, real_size)).eval()
    with torch.no_grad():
        shake(model, real_size, round(50 * (seconds or (3.0 if real_size else 0.5))), pull)
    if real_size:  # in the published form, which may be read otherwise
        model.config.save_pretrained(folder)
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    else:
        model.save_pretrained(folder)
    (folder / "generation_config.json").write_text(json.dumps(drawing(count), default=str))
    presets(folder, *((340, 512) if real_size else (120, 180)))


def config(words: int, real_size: bool) -> BarkConfig:
    size: dict[str, Any] = {**(PUBLISHED if real_size else TINY), "block_size": 1024, "dropout": 0.0}
    semantic = BarkSemanticConfig(input_vocab_size=OFFSET + words + 8, output_vocab_size=OFFSET, **size)
    coarse = BarkCoarseConfig(input_vocab_size=12_096, output_vocab_size=12_096, **size)
    fine = BarkFineConfig(
        input_vocab_size=1056, output_vocab_size=1056, n_codes_total=8, n_codes_given=1, **size
    )
    tiny: dict[str, Any] = {
        "target_bandwidths": [1.5, 3.0, 6.0],
        "num_filters": 4,
        "hidden_size": size["hidden_size"],
        "codebook_dim": size["hidden_size"],
        "num_lstm_layers": 1,
        "num_residual_layers": 1,
    }
    codec = EncodecConfig(**({} if real_size else tiny))
    return BarkConfig(
        semantic_config=semantic.to_dict(),
        coarse_acoustics_config=coarse.to_dict(),
        fine_acoustics_config=fine.to_dict(),
        codec_config=codec.to_dict(),
    )


def shake(model: BarkModel, real_size: bool, least: int, pull: float) -> None:
    """An end that comes by itself, after that many tokens; in a tiny model, weights so large that every token counts.

    In one of the real size, positions outweigh all that its many layers add.
    """
    coarse, semantic = model.coarse_acoustics, model.semantic
    if not real_size:
        for part in (semantic, coarse, model.fine_acoustics):
            for weights in part.parameters():
                if weights.dim() > 1:
                    weights.normal_(0, 0.3)
    for layer in model.codec_model.quantizer.layers:
        layer.codebook.embed.normal_()  # they start at zero, and no token would sound
    if not real_size:
        coarse.layers[0].attn.att_proj.weight.mul_(2)
        coarse.lm_head.weight.normal_(0, 1)
        semantic.input_embeds_layer.weight[OFFSET:-8] *= 10  # a text is short beside all that surrounds it
        semantic.layers[0].attn.att_proj.weight.mul_(2)
        semantic.lm_head.weight.normal_(0, 0.6)
    width = semantic.config.hidden_size
    way = torch.ones(width)
    way[::2] = -1
    way /= width**0.5
    strength, end = (100, 1.0) if real_size else (8, pull)
    semantic.position_embeds_layer.weight[:] = strength * way
    semantic.position_embeds_layer.weight[: 257 + least] = -strength * way
    semantic.lm_head.weight[10_000] = end * way


def drawing(words: int) -> object:
    semantic = generation.BarkSemanticGenerationConfig(
        text_encoding_offset=OFFSET,
        text_pad_token=OFFSET + words + 3,
        semantic_infer_token=OFFSET + words + 7,
        do_sample=True,
        max_new_tokens=768,
        max_input_semantic_length=256,
    )
    coarse = generation.BarkCoarseGenerationConfig(do_sample=True, max_coarse_input_length=256)
    fine = generation.BarkFineGenerationConfig(temperature=0.5)
    return generation.BarkGenerationConfig.from_sub_model_configs(semantic, coarse, fine).to_dict()


def presets(folder: Path, tokens: int, frames: int) -> None:
    """One as in the repository, one as in the original package."""
    noise = np.random.default_rng(0)
    for name in ("en_speaker_6", "de_speaker_0"):
        parts: dict[str, Any] = {
            "semantic_prompt": noise.integers(0, 10_000, tokens),
            "coarse_prompt": noise.integers(0, 1024, (2, frames)),
            "fine_prompt": noise.integers(0, 1024, (8, frames)),
        }
        if name == "de_speaker_0":
            (folder / "voices/v2").mkdir(parents=True, exist_ok=True)
            np.savez(folder / f"voices/v2/{name}.npz", **parts)
            continue
        files = {part: f"speaker_embeddings/v2/{name}_{part}.npy" for part in parts}
        (folder / "speaker_embeddings/v2").mkdir(parents=True, exist_ok=True)
        for part, file in files.items():
            np.save(folder / file, parts[part])
        listing = {
            "repo_or_path": "suno/bark",
            f"v2/{name}": files,
            "v2/fr_speaker_1": {**files, "fine_prompt": "none"},
        }
        (folder / "speaker_embeddings_path.json").write_text(json.dumps(listing))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--real-size", action="store_true")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--pull", type=float, default=3.0)
    main(**vars(parser.parse_args()))
