"""Makes a random Kokoro model for the official package, in the layout of hexgrad/Kokoro-82M.

    python make_kokoro.py FOLDER

Small but for its decoder, whose sizes the package does not let a config choose. Run by the environment's interpreter.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from unittest import mock

import torch
from kokoro import KModel

SYMBOLS = " .,;:?!—abcdefghijklmnopqrstuvwxyzAIOTWYðŋɐɑɒɔəɛɜɡɪɹɾʃʊʌʒʤʧˈˌːθᵊᵻæ"
"""English is written with these."""
CONFIG = {
    "dim_in": 64,
    "dropout": 0.2,
    "hidden_dim": 512,
    "max_conv_dim": 16,
    "max_dur": 4,
    "multispeaker": True,
    "n_layer": 1,
    "n_mels": 80,
    "n_token": 178,
    "style_dim": 128,
    "text_encoder_kernel_size": 5,
    "plbert": {
        "hidden_size": 16,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 512,
        "num_hidden_layers": 1,
        "dropout": 0.1,
        "embedding_size": 16,
    },
    "istftnet": {
        "upsample_kernel_sizes": [20, 12],
        "upsample_rates": [10, 6],
        "gen_istft_hop_size": 5,
        "gen_istft_n_fft": 20,
        "resblock_dilation_sizes": [[1, 3, 5]],
        "resblock_kernel_sizes": [3],
        "upsample_initial_channel": 512,
    },
    "vocab": {letter: number for number, letter in enumerate(SYMBOLS, 1)},
}

PARTS = ("bert", "bert_encoder", "predictor", "text_encoder", "decoder")


def main(folder: Path) -> None:
    (folder / "voices").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    torch.manual_seed(0)
    with mock.patch.object(torch, "load", return_value={}):
        model = KModel(repo_id="hexgrad/Kokoro-82M", config=CONFIG, model="none")
    torch.save({part: getattr(model, part).state_dict() for part in PARTS}, folder / "random.pth")
    for voice in ("af_heart", "bf_emma"):
        torch.save(torch.randn(510, 1, 256) * 0.1, folder / "voices" / f"{voice}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
