"""Why each kind of finding that ``check`` has on models of libraries stands."""

from __future__ import annotations

NOTES: dict[tuple[str, str], str] = {
    ("error", "MV301"): "True of each. `AutoencoderTiny` rounds its latents to bytes in its "
    "forward; LayoutLMv3 looks its relative positions up under `no_grad`, so that their tables "
    "are never trained; Encodec and Mimi hand whole codes from the encoder to the decoder; VITS "
    "rounds durations up, and has its training elsewhere.",
    ("warning", "MV101"): "Parts for inputs that were not given (global attention, entities, "
    "masks, prompts, noise of training) or for another method. True of this forward.",
    ("warning", "MV102"): "The same for single parameters, and a stop predictor whose result "
    "the forward throws away; a pooler, an auxiliary head or a last normalisation that the "
    "model around it does not read.",
    ("warning", "MV104"): "A table of positions that `.to()` and `state_dict()` leave out; the "
    "forward moves it by hand.",
    ("warning", "MV105"): "Computed and left unused: the global tokens of the last layer, a stop "
    "predictor.",
    ("warning", "MV106"): "An input that only another configuration reads.",
    ("warning", "MV206"): "Keys and values are pooled with a stride of 4 and a kernel of 3: each "
    "fourth row and column is not seen. In SKNet one path takes every second row of its channels.",
    ("warning", "MV404"): "Embeddings are divided by their norm without an eps, which "
    "`torch.nn.functional.normalize` would have.",
    ("warning", "MV405"): "Frequencies of rotary positions in float64, on purpose, and cast back.",
    ("warning", "MV501"): "Convolutions of 3×3 and 1×1 in a row, kept apart so that an encoder "
    "and its quantiser can be; 1×1 convolutions in a row where one stage of MobileViTv2 ends and "
    "the next begins; Swin2SR ends a stage and embeds patches anew.",
    ("warning", "MV502"): "Changes nothing: the first block of the stack starts with a ReLU, and "
    "so ends the stem.",
    ("warning", "MV603"): "True: `initializer_range` is 1e-10 in these configurations, which are "
    "meant to be loaded over.",
    ("info", "MV109"): "The forward of a child is called by name.",
    ("info", "MV101"): "An expert that these inputs were not sent to.",
    (
        "info",
        "MV204",
    ): "A layer takes dimension 0 for time, and nothing else says what it is; the scale of dynamic "
    "quantisation is that of the batch.",
    ("info", "MV206"): "A border of one step, or a 1×1 shortcut with stride 2.",
    ("info", "MV305"): "A bias that batch normalisation subtracts.",
    ("info", "MV306"): "Dropout before batch normalisation.",
    ("info", "MV403"): "Scores that are not scaled on purpose (T5 and those like it start with "
    "smaller weights; attention over channels or pixels).",
    ("info", "MV501"): "A narrow middle, a layer that makes its input smaller, or projections of "
    "attention.",
    ("info", "MV504"): "Dropout of 0 in small configurations, and permutations that cancel.",
    ("info", "MV701"): "A size that is no multiple of 8.",
    ("info", "MV702"): "Attention written out, as eager implementations have it.",
    ("info", "MV703"): "Values that Python asks for: masks, lengths, sizes.",
    ("info", "MV704"): "A loop over time or over scans.",
}
