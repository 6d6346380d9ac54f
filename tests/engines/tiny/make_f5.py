"""Make a tiny F5-TTS with random weights, and a tiny Vocos: python make_f5.py FOLDER.

It makes noise as long as speech would be, through all of the real code. With --real-size both are as large as the
published ones, to be measured.
"""

import argparse
import copy
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
import yaml
from f5_tts.model import CFM, DiT
from f5_tts.model.utils import get_tokenizer
from safetensors.torch import save_file
from vocos import Vocos

ARCH = {
    "dim": 64,
    "depth": 2,
    "heads": 2,
    "dim_head": 32,
    "ff_mult": 2,
    "text_dim": 32,
    "text_mask_padding": True,
    "qk_norm": None,
    "conv_layers": 1,
    "pe_attn_head": None,
    "attn_backend": "torch",
    "attn_mask_enabled": False,
}
PUBLISHED_ARCH = {"dim": 1024, "depth": 22, "heads": 16, "dim_head": 64, "text_dim": 512, "conv_layers": 4}
SPECTRUM = {
    "n_fft": 1024,
    "hop_length": 256,
    "win_length": 1024,
    "n_mel_channels": 100,
    "target_sample_rate": 24000,
    "mel_spec_type": "vocos",
}
VOCODER: dict[str, Any] = {
    "feature_extractor": {
        "class_path": "vocos.feature_extractors.MelSpectrogramFeatures",
        "init_args": {
            "sample_rate": 24000,
            "n_fft": 1024,
            "hop_length": 256,
            "n_mels": 100,
            "padding": "center",
        },
    },
    "backbone": {
        "class_path": "vocos.models.VocosBackbone",
        "init_args": {"input_channels": 100, "dim": 64, "intermediate_dim": 128, "num_layers": 1},
    },
    "head": {
        "class_path": "vocos.heads.ISTFTHead",
        "init_args": {"dim": 64, "n_fft": 1024, "hop_length": 256, "padding": "center"},
    },
}
PUBLISHED_VOCODER = {"dim": 512, "intermediate_dim": 1536, "num_layers": 8}


def main(folder: Path, real_size: bool) -> None:
    arch, vocoding = dict(ARCH), copy.deepcopy(VOCODER)
    if real_size:
        arch |= PUBLISHED_ARCH
        vocoding["backbone"]["init_args"] |= PUBLISHED_VOCODER
        vocoding["head"]["init_args"]["dim"] = PUBLISHED_VOCODER["dim"]
    (folder / "vocos").mkdir(parents=True)
    shutil.copy(str(files("f5_tts") / "infer" / "examples" / "vocab.txt"), folder / "vocab.txt")
    (folder / "config.yaml").write_text(yaml.safe_dump({"model": {"arch": arch}}))
    torch.manual_seed(0)
    symbols, count = get_tokenizer(str(folder / "vocab.txt"), "custom")
    model = CFM(
        transformer=DiT(**arch, text_num_embeds=count, mel_dim=100),
        mel_spec_kwargs=SPECTRUM,
        vocab_char_map=symbols,
    )
    for weights in model.parameters():
        if weights.dim() and not weights.any():  # F5 starts its output layers at zero
            torch.nn.init.normal_(weights, std=0.02 if real_size else 1.0)
    save_file(
        {f"ema_model.{name}": value.contiguous() for name, value in model.state_dict().items()},
        folder / "model.safetensors",
    )
    (folder / "vocos" / "config.yaml").write_text(yaml.safe_dump(vocoding))
    vocoder = Vocos.from_hparams(str(folder / "vocos" / "config.yaml"))
    torch.save(vocoder.state_dict(), folder / "vocos" / "pytorch_model.bin")


parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("--real-size", action="store_true")
main(**vars(parser.parse_args()))
