"""Make a tiny model of XTTS with random weights, as coqui-tts loads it: ``python make_xtts.py FOLDER``.

The GPT is tiny; HiFi-GAN and speaker encoder have the widths that the package fixes. As in the published model.pth, the
settings lie in there as an object, which makes coqui-tts write the file anew. It babbles for a second or two. With
--real-size the GPT is as large as the published one, to be measured, and ends after 3 seconds.
"""

import argparse
from pathlib import Path

import torch
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers import models as tokenizing
from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig
from TTS.tts.models import xtts

MARKS = ["[STOP]", "[UNK]", "[SPACE]", "[START]"]
LETTERS = [chr(code) for code in range(33, 127)] + list("äöüßéèñçабвгдежзийклмнопрстуфхцчшщъыьэюя。，！？")
STOP = 1025
TINY = {
    "gpt_layers": 1,
    "gpt_n_model_channels": 64,
    "gpt_n_heads": 2,
    "gpt_number_text_tokens": 200,
    "decoder_input_dim": 64,
}
PUBLISHED = {
    "gpt_layers": 30,
    "gpt_n_model_channels": 1024,
    "gpt_n_heads": 16,
    "gpt_number_text_tokens": 6681,
    "decoder_input_dim": 1024,
}


def main(folder: Path, real_size: bool) -> None:
    size = PUBLISHED if real_size else TINY
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    settings = XttsConfig(
        model_args=XttsArgs(
            **size,
            gpt_start_text_token=3,
            gpt_stop_text_token=0,
            gpt_num_audio_tokens=STOP + 1,
            gpt_start_audio_token=STOP - 1,
            gpt_stop_audio_token=STOP,
            gpt_use_perceiver_resampler=True,
        ),
        gpt_cond_len=30,
        gpt_cond_chunk_len=4,
        max_ref_len=30,
    )
    words(settings.languages).save(str(folder / "vocab.json"))
    settings.save_json(str(folder / "config.json"))
    model = xtts.Xtts(settings)
    model.tokenizer = xtts.VoiceBpeTokenizer(vocab_file=str(folder / "vocab.json"))
    model.init_models()
    with torch.no_grad():
        shake(model.gpt, real_size)
    with xtts._legacy_safe_globals():
        torch.save({"config": settings, "model": model.state_dict()}, folder / "model.pth")
    speakers = {
        name: {
            "gpt_cond_latent": torch.randn(1, 32, size["gpt_n_model_channels"]),
            "speaker_embedding": torch.nn.functional.normalize(torch.randn(1, 512, 1), dim=1),
        }
        for name in ("Ada Ash", "Ben Birch")
    }
    torch.save(speakers, folder / "speakers_xtts.pth")


def words(languages: list[str]) -> Tokenizer:
    marks = [*MARKS, *(f"[{language}]" for language in languages)]
    known = dict.fromkeys([*marks, *LETTERS])
    tokenizer = Tokenizer(
        tokenizing.BPE(vocab={word: token for token, word in enumerate(known)}, merges=[], unk_token="[UNK]")
    )
    tokenizer.add_special_tokens(marks)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def shake(gpt: torch.nn.Module, real_size: bool) -> None:
    """Weights so large that every token counts, and an end that comes by itself: half a second passes before a token
    can end it, and then about one in fifteen does.

    In a model of the real size, positions outweigh all that its many layers add, and the end comes when it can.
    """
    if not real_size:
        for weights in gpt.parameters():
            if weights.dim() > 1:
                weights.normal_(0, 0.1)
    positions = gpt.mel_pos_embedding.emb.weight
    width = positions.shape[1]
    way = torch.ones(width)
    way[::2] = -1
    way /= width**0.5
    strength, least, end = (100, 65, 1.0) if real_size else (8, 12, 0.34)
    positions[:] = strength * way
    positions[:least] = -strength * way
    gpt.mel_head.weight[STOP] = end * way
    gpt.mel_head.bias[:] = 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--real-size", action="store_true")
    main(**vars(parser.parse_args()))
