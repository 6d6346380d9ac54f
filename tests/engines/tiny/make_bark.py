"""Make a tiny model of Bark with random weights, as transformers lays it out: ``make_bark.py FOLDER [SECONDS PULL]``.

It babbles for a second or two: SECONDS (0.5) pass before a token can end it, and then about one in fifty does; more
where the PULL (3) is greater.
"""

import json
import sys
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
WIDTH = 16


def main(folder: Path, least: float = 0.5, pull: float = 3.0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), do_lower_case=False).save_pretrained(folder)
    model = BarkModel(config(len(words))).eval()
    with torch.no_grad():
        shake(model, round(50 * least), pull)
    model.save_pretrained(folder)
    (folder / "generation_config.json").write_text(json.dumps(drawing(len(words)), default=str))
    presets(folder)


def config(words: int) -> BarkConfig:
    tiny = {"num_layers": 1, "num_heads": 2, "hidden_size": WIDTH, "block_size": 1024, "dropout": 0.0}
    semantic = BarkSemanticConfig(input_vocab_size=OFFSET + words + 8, output_vocab_size=OFFSET, **tiny)
    coarse = BarkCoarseConfig(input_vocab_size=12_096, output_vocab_size=12_096, **tiny)
    fine = BarkFineConfig(
        input_vocab_size=1056, output_vocab_size=1056, n_codes_total=8, n_codes_given=1, **tiny
    )
    codec = EncodecConfig(
        target_bandwidths=[1.5, 3.0, 6.0],
        num_filters=4,
        hidden_size=WIDTH,
        codebook_dim=WIDTH,
        num_lstm_layers=1,
        num_residual_layers=1,
    )
    return BarkConfig(
        semantic_config=semantic.to_dict(),
        coarse_acoustics_config=coarse.to_dict(),
        fine_acoustics_config=fine.to_dict(),
        codec_config=codec.to_dict(),
    )


def shake(model: BarkModel, least: int, pull: float) -> None:
    """Weights so large that every token counts, and an end that comes by itself, after that many tokens."""
    for part in (model.semantic, model.coarse_acoustics, model.fine_acoustics):
        for weights in part.parameters():
            if weights.dim() > 1:
                weights.normal_(0, 0.3)
    for layer in model.codec_model.quantizer.layers:
        layer.codebook.embed.normal_()  # they start at zero, and no token would sound
    coarse = model.coarse_acoustics
    coarse.layers[0].attn.att_proj.weight.mul_(2)
    coarse.lm_head.weight.normal_(0, 1)
    semantic = model.semantic
    way = torch.ones(WIDTH)
    way[::2] = -1
    way /= WIDTH**0.5
    semantic.position_embeds_layer.weight[:] = 8 * way
    semantic.position_embeds_layer.weight[: 257 + least] = -8 * way
    semantic.input_embeds_layer.weight[OFFSET:-8] *= 10  # a text is short beside all that surrounds it
    semantic.layers[0].attn.att_proj.weight.mul_(2)
    semantic.lm_head.weight.normal_(0, 0.6)
    semantic.lm_head.weight[10_000] = pull * way


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


def presets(folder: Path) -> None:
    """One as in the repository, one as in the original package."""
    noise = np.random.default_rng(0)
    for name in ("en_speaker_6", "de_speaker_0"):
        parts: dict[str, Any] = {
            "semantic_prompt": noise.integers(0, 10_000, 120),
            "coarse_prompt": noise.integers(0, 1024, (2, 180)),
            "fine_prompt": noise.integers(0, 1024, (8, 180)),
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
    main(Path(sys.argv[1]), *map(float, sys.argv[2:]))
