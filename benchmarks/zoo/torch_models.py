"""Models written with torch alone: recurrent, packed, quantized, parametrized, and so on."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from .entry import Entry, Sample


def entries() -> tuple[Entry, ...]:
    """The torch entries, none built yet."""
    return (
        Entry("torch-transformer", "torch", lambda: _transformer(32, 2, 6), _full_transformer),
        Entry("torch-transformer-encoder", "torch", lambda: _encoder(norm_first=False)),
        Entry("torch-transformer-encoder-prenorm", "torch", lambda: _encoder(norm_first=True)),
        Entry("torch-transformer-encoder-padded", "torch", _padded_encoder),
        Entry("torch-transformer-decoder", "torch", _decoder),
        Entry("torch-multihead-attention", "torch", _attention),
        Entry("torch-lstm-tagger", "torch", lambda: _tagger("LSTM", {})),
        Entry("torch-gru-bidirectional", "torch", lambda: _tagger("GRU", {"bidirectional": True})),
        Entry("torch-rnn", "torch", lambda: _tagger("RNN", {"nonlinearity": "relu"})),
        Entry("torch-lstm-projected", "torch", lambda: _tagger("LSTM", {"proj_size": 8})),
        Entry("torch-lstm-packed", "torch", _packed_tagger),
        Entry("torch-gru-packed-unsorted", "torch", _packed_gru),
        Entry(
            "torch-lstm-language-model",
            "torch",
            lambda: _language_model(100, 16, 24, 2, 12),
            # the medium LSTM of Zaremba et al. 2014 on Penn Treebank, one batch of 20 sentences
            lambda: _language_model(10000, 650, 650, 2, 35, batch=20),
        ),
        Entry("torch-lstm-cell-loop", "torch", _cell_loop),
        Entry("torch-gru-attention-seq2seq", "torch", _seq2seq),
        Entry("torch-embedding-bag", "torch", _bag, _full_bag),
        Entry("torch-bilinear", "torch", _bilinear),
        Entry("torch-weight-norm", "torch", _weight_norm),
        Entry("torch-spectral-norm", "torch", _spectral_norm),
        Entry("torch-old-weight-norm", "torch", _old_weight_norm),
        Entry("torch-orthogonal", "torch", _orthogonal),
        Entry("torch-unet", "torch", lambda: _unet(8, 32), lambda: _unet(64, 256)),
        Entry("torch-wavenet", "torch", _wavenet),
        Entry("torch-conv3d-transposed", "torch", _conv3d),
        Entry("torch-siamese", "torch", _siamese),
        Entry("torch-vae", "torch", _vae),
        Entry("torch-dcgan", "torch", _dcgan),
        Entry("torch-dlrm", "torch", _dlrm),
        Entry("torch-matrix-vector", "torch", _matrix_vector),
        Entry("torch-mixture-of-experts", "torch", _mixture),
        Entry(
            "torch-quantized-dynamic",
            "torch",
            _quantized_dynamic,
            unquantized=lambda: _tagger("LSTM", {}),
        ),
        Entry("torch-quantized-static", "torch", _quantized_static, unquantized=_to_be_quantized),
        Entry("torch-complex", "torch", _complex),
        Entry("torch-tied-autoencoder", "torch", _tied_autoencoder),
        Entry("torch-checkpointed", "torch", _checkpointed),
        Entry("torch-half", "torch", _half),
    )


class _Seq2Seq(nn.Module):
    """A GRU encoder and a GRU decoder with additive attention, one step at a time."""

    def __init__(self, vocabulary: int = 50, width: int = 16) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.encoder = nn.GRU(width, width, batch_first=True)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.score = nn.Linear(width, 1)
        self.cell = nn.GRUCell(2 * width, width)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> Any:
        memory, state = self.encoder(self.embed(source))
        state, keys, steps = state[0], self.key(memory), []
        for embedded in self.embed(target).unbind(1):
            scores = self.score(torch.tanh(keys + self.query(state).unsqueeze(1)))
            context = (scores.softmax(1) * memory).sum(1)
            state = self.cell(torch.cat([embedded, context], -1), state)
            steps.append(self.head(state))
        return torch.stack(steps, 1)


class _Tagger(nn.Module):
    """Embedding, a recurrent layer, a linear head; packed when lengths are given."""

    def __init__(self, kind: str, settings: dict[str, Any]) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 12)
        self.rnn = getattr(nn, kind)(12, 16, num_layers=2, batch_first=True, **settings)
        directions = 2 if self.rnn.bidirectional else 1
        self.head = nn.Linear(directions * (self.rnn.proj_size or 16), 5)

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor | None = None) -> Any:
        embedded = self.embed(ids)
        if lengths is None:
            return self.head(self.rnn(embedded)[0])
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        output: PackedSequence = self.rnn(packed)[0]
        return self.head(pad_packed_sequence(output, batch_first=True)[0])


class _LanguageModel(nn.Module):
    """Embedding, LSTM, projection to the vocabulary; returns logits and the state."""

    def __init__(self, vocabulary: int, width: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.drop = nn.Dropout(0.5)
        self.rnn = nn.LSTM(width, hidden, layers, dropout=0.5)
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, ids: torch.Tensor) -> dict[str, Any]:
        output, state = self.rnn(self.drop(self.embed(ids)))
        return {"logits": self.head(self.drop(output)), "state": state}


class _CellLoop(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(8, 16)
        self.head = nn.Linear(16, 4)

    def forward(self, x: torch.Tensor) -> Any:
        state: Any = None
        for step in x:
            state = self.cell(step, state)
        return self.head(state[0])


class _Bag(nn.Module):
    def __init__(self, vocabulary: int, width: int, classes: int) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(vocabulary, width, mode="mean")
        self.head = nn.Linear(width, classes)

    def forward(self, ids: torch.Tensor, offsets: torch.Tensor) -> Any:
        return self.head(self.bag(ids, offsets))


class _Bilinear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(8, 6), nn.Linear(9, 7)
        self.bilinear = nn.Bilinear(6, 7, 5)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> Any:
        return self.bilinear(self.left(a), self.right(b))


class _UNet(nn.Module):
    """Ronneberger et al. 2015 with padding: four levels, skips concatenated."""

    def __init__(self, width: int, levels: int = 4) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(levels + 1)]
        self.down = nn.ModuleList(
            _double(a, b) for a, b in zip([3, *widths[:-2]], widths[:-1], strict=True)
        )
        self.bottom = _double(widths[-2], widths[-1])
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in reversed(widths[:-1])
        )
        self.merge = nn.ModuleList(_double(2 * w, w) for w in reversed(widths[:-1]))
        self.pool = nn.MaxPool2d(2)
        self.head = nn.Conv2d(width, 2, 1)

    def forward(self, x: torch.Tensor) -> Any:
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = self.pool(x)
        x = self.bottom(x)
        for up, merge, skip in zip(self.up, self.merge, reversed(skips), strict=True):
            x = merge(torch.cat([skip, up(x)], dim=1))
        return self.head(x)


def _double(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, padding=1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
        nn.Conv2d(outside, outside, 3, padding=1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


class _WaveNet(nn.Module):
    """Gated dilated causal convolutions under weight norm, residual and skip paths."""

    def __init__(self, width: int = 8, layers: int = 4) -> None:
        super().__init__()
        self.first = nn.Conv1d(1, width, 1)
        self.gated = nn.ModuleList(
            parametrizations.weight_norm(nn.Conv1d(width, 2 * width, 2, dilation=2**i))
            for i in range(layers)
        )
        self.out = nn.ModuleList(nn.Conv1d(width, 2 * width, 1) for _ in range(layers))
        self.last = nn.Conv1d(width, 16, 1)

    def forward(self, x: torch.Tensor) -> Any:
        x = self.first(x)
        skips = torch.zeros_like(x)
        for layer, (gated, out) in enumerate(zip(self.gated, self.out, strict=True)):
            padded = nn.functional.pad(x, (2**layer, 0))
            filtered, gate = gated(padded).chunk(2, dim=1)
            residual, skip = out(filtered.tanh() * gate.sigmoid()).chunk(2, dim=1)
            x = x + residual
            skips += skip
        return self.last(skips.relu())


class _Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tower = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 8))

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> Any:
        return nn.functional.pairwise_distance(self.tower(a), self.tower(b))


class _VAE(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(32, 16), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(16, 4), nn.Linear(16, 4)
        self.decoder = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 32), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> Any:
        hidden = self.encoder(x)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        latent = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return self.decoder(latent), mean, log_variance


class _DLRM(nn.Module):
    """Embeddings and dense features, their pairwise products, an MLP on top (Naumov 2019)."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.EmbeddingBag(20, 8, mode="sum") for _ in range(3))
        self.bottom = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 8), nn.ReLU())
        self.top = nn.Sequential(nn.Linear(8 + 6, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, dense: torch.Tensor, sparse: list[torch.Tensor]) -> Any:
        dense = self.bottom(dense)
        vectors = [dense, *(table(ids) for table, ids in zip(self.tables, sparse, strict=True))]
        stacked = torch.stack(vectors, dim=1)
        products = torch.bmm(stacked, stacked.transpose(1, 2))
        rows, columns = torch.triu_indices(4, 4, offset=1)
        return self.top(torch.cat([dense, products[:, rows, columns]], dim=1))


class _MatrixVector(nn.Module):
    """Products that are neither matrix by matrix nor a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(6, 8))
        self.bias = nn.Parameter(torch.randn(6))
        self.query = nn.Parameter(torch.randn(6))

    def forward(self, x: torch.Tensor) -> Any:
        y = torch.mv(self.weight, x)
        z = torch.addmv(self.bias, self.weight, x)
        return torch.dot(y, self.query) + self.query @ z + torch.outer(y, z).sum()


class _Mixture(nn.Module):
    """A router that sends each token to the best two of four experts."""

    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(16, 4)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16)) for _ in range(4)
        )

    def forward(self, x: torch.Tensor) -> Any:
        weights, chosen = self.router(x).softmax(-1).topk(2, dim=-1)
        out = torch.zeros_like(x)
        for index, expert in enumerate(self.experts):
            rows, slots = torch.where(chosen == index)
            out[rows] += weights[rows, slots, None] * expert(x[rows])
        return out


class _Complex(nn.Module):
    """A layer in the frequency domain: FFT, complex linear map, inverse FFT."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(9, 9, dtype=torch.complex64))
        self.head = nn.Linear(16, 4)

    def forward(self, x: torch.Tensor) -> Any:
        return self.head(torch.fft.irfft(torch.fft.rfft(x) @ self.weight, n=16))


class _TiedAutoencoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(16, 4)
        self.offset = nn.Parameter(torch.zeros(16))

    def forward(self, x: torch.Tensor) -> Any:
        code = self.encoder(x).relu()
        return nn.functional.linear(code, self.encoder.weight.t(), self.offset)


class _Checkpointed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(16, 16), nn.Tanh()) for _ in range(3))

    def forward(self, x: torch.Tensor) -> Any:
        from torch.utils.checkpoint import checkpoint

        for block in self.blocks:
            x = x + checkpoint(block, x, use_reentrant=False)
        return x


def _transformer(width: int, layers: int, length: int) -> Sample:
    module = nn.Transformer(width, 4, layers, layers, 2 * width, batch_first=True)
    mask = module.generate_square_subsequent_mask(length)
    source, target = torch.randn(2, length + 3, width), torch.randn(2, length, width)
    return Sample(module, (source, target), {"tgt_mask": mask})


def _full_transformer() -> Sample:
    # Vaswani et al. 2017, base
    module = nn.Transformer(512, 8, 6, 6, 2048, batch_first=True)
    mask = module.generate_square_subsequent_mask(64)
    return Sample(module, (torch.randn(1, 64, 512), torch.randn(1, 64, 512)), {"tgt_mask": mask})


def _encoder(norm_first: bool) -> Sample:
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, norm_first=norm_first)
    module = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    return Sample(module, (torch.randn(2, 7, 32),))


def _padded_encoder() -> Sample:
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
    module = nn.TransformerEncoder(layer, 2)
    padding = torch.zeros(2, 7, dtype=torch.bool)
    padding[1, 5:] = True
    return Sample(module, (torch.randn(2, 7, 32),), {"src_key_padding_mask": padding})


def _decoder() -> Sample:
    module = nn.TransformerDecoder(nn.TransformerDecoderLayer(32, 4, 64, batch_first=True), 2)
    return Sample(module, (torch.randn(2, 5, 32), torch.randn(2, 7, 32)))


def _attention() -> Sample:
    module = nn.MultiheadAttention(32, 4, kdim=16, vdim=24, batch_first=True)
    return Sample(module, (torch.randn(2, 5, 32), torch.randn(2, 7, 16), torch.randn(2, 7, 24)))


def _tagger(kind: str, settings: dict[str, Any]) -> Sample:
    return Sample(_Tagger(kind, settings), (torch.randint(0, 50, (3, 9)),))


def _packed_tagger() -> Sample:
    return Sample(
        _Tagger("LSTM", {"bidirectional": True}),
        (torch.randint(0, 50, (3, 9)), torch.tensor([9, 5, 2])),
    )


def _packed_gru() -> Sample:
    return Sample(_Tagger("GRU", {}), (torch.randint(0, 50, (3, 9)), torch.tensor([2, 9, 5])))


def _language_model(
    vocabulary: int, width: int, hidden: int, layers: int, length: int, batch: int = 2
) -> Sample:
    module = _LanguageModel(vocabulary, width, hidden, layers)
    return Sample(module, (torch.randint(0, vocabulary, (length, batch)),))


def _cell_loop() -> Sample:
    return Sample(_CellLoop(), (torch.randn(5, 2, 8),))


def _seq2seq() -> Sample:
    return Sample(_Seq2Seq(), (torch.randint(0, 50, (2, 7)), torch.randint(0, 50, (2, 5))))


def _bag() -> Sample:
    return Sample(_Bag(50, 8, 4), (torch.randint(0, 50, (12,)), torch.tensor([0, 5, 9])))


def _full_bag() -> Sample:
    # the text classifier of PyTorch's tutorial on AG News: 95,811 words, 64 wide, 4 classes
    ids = torch.randint(0, 95811, (64 * 40,))
    return Sample(_Bag(95811, 64, 4), (ids, torch.arange(0, 64 * 40, 40)))


def _bilinear() -> Sample:
    return Sample(_Bilinear(), (torch.randn(3, 8), torch.randn(3, 9)))


def _weight_norm() -> Sample:
    norm = parametrizations.weight_norm
    module = nn.Sequential(
        norm(nn.Conv2d(3, 8, 3)), nn.ReLU(), nn.Flatten(), norm(nn.Linear(8 * 36, 5))
    )
    return Sample(module, (torch.randn(2, 3, 8, 8),))


def _spectral_norm() -> Sample:
    norm = parametrizations.spectral_norm
    module = nn.Sequential(
        norm(nn.Conv2d(3, 8, 3)), nn.LeakyReLU(), nn.Flatten(), norm(nn.Linear(8 * 36, 1))
    )
    return Sample(module, (torch.randn(2, 3, 8, 8),))


def _old_weight_norm() -> Sample:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, and still in many models
        convolution = torch.nn.utils.weight_norm(nn.Conv1d(4, 8, 3))
    return Sample(nn.Sequential(convolution, nn.ReLU()), (torch.randn(2, 4, 10),))


class _Symmetric(nn.Module):
    def forward(self, weight: torch.Tensor) -> Any:
        return weight.triu() + weight.triu(1).transpose(-1, -2)


def _orthogonal() -> Sample:
    symmetric = nn.Linear(8, 8)
    parametrize.register_parametrization(symmetric, "weight", _Symmetric())
    module = nn.Sequential(parametrizations.orthogonal(nn.Linear(8, 8)), nn.Tanh(), symmetric)
    return Sample(module, (torch.randn(2, 8),))


def _unet(width: int, size: int) -> Sample:
    return Sample(_UNet(width), (torch.randn(1, 3, size, size),))


def _wavenet() -> Sample:
    return Sample(_WaveNet(), (torch.randn(1, 1, 64),))


def _conv3d() -> Sample:
    module = nn.Sequential(
        nn.Conv3d(1, 4, 3, padding=1, groups=1),
        nn.InstanceNorm3d(4, affine=True),
        nn.PReLU(),
        nn.MaxPool3d(2),
        nn.ConvTranspose3d(4, 2, 2, stride=2, groups=2),
    )
    return Sample(module, (torch.randn(1, 1, 8, 8, 8),))


def _siamese() -> Sample:
    return Sample(_Siamese(), (torch.randn(2, 1, 8, 8), torch.randn(2, 1, 8, 8)))


def _vae() -> Sample:
    return Sample(_VAE(), (torch.randn(3, 32),))


def _dcgan() -> Sample:
    module = nn.Sequential(
        nn.ConvTranspose2d(16, 16, 4, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(True),
        nn.ConvTranspose2d(16, 8, 4, 2, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(True),
        nn.ConvTranspose2d(8, 3, 4, 2, 1, bias=False),
        nn.Tanh(),
    )
    return Sample(module, (torch.randn(2, 16, 1, 1),))


def _dlrm() -> Sample:
    sparse = [torch.randint(0, 20, (4, 2)) for _ in range(3)]
    return Sample(_DLRM(), (torch.randn(4, 6), sparse))


def _matrix_vector() -> Sample:
    return Sample(_MatrixVector(), (torch.randn(8),))


def _mixture() -> Sample:
    return Sample(_Mixture(), (torch.randn(10, 16),))


class _Quantizable(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        from torch.ao.quantization import DeQuantStub, QuantStub

        self.quant, self.dequant = QuantStub(), DeQuantStub()
        self.conv, self.relu = nn.Conv2d(3, 8, 3), nn.ReLU()
        self.head = nn.Linear(8 * 36, 4)

    def forward(self, x: torch.Tensor) -> Any:
        x = self.relu(self.conv(self.quant(x)))
        return self.dequant(self.head(x.flatten(1)))


def _quantized_dynamic() -> Sample:
    from torch.ao.quantization import quantize_dynamic

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated in favour of torchao
        module = quantize_dynamic(_Tagger("LSTM", {}).eval(), {nn.LSTM, nn.Linear})
    return Sample(module, (torch.randint(0, 50, (3, 9)),))


def _to_be_quantized() -> Sample:
    return Sample(_Quantizable(), (torch.randn(2, 3, 8, 8),))


def _quantized_static() -> Sample:
    from torch.ao import quantization

    sample = torch.randn(2, 3, 8, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated in favour of torchao
        module = _Quantizable().eval()
        module.qconfig = quantization.get_default_qconfig("x86")
        prepared = quantization.prepare(module)
        with torch.no_grad():
            prepared(sample)
        quantized = quantization.convert(prepared)
    return Sample(quantized, (sample,))


def _complex() -> Sample:
    return Sample(_Complex(), (torch.randn(3, 16),))


def _tied_autoencoder() -> Sample:
    return Sample(_TiedAutoencoder(), (torch.randn(3, 16),))


def _checkpointed() -> Sample:
    return Sample(_Checkpointed(), (torch.randn(3, 16),))


def _half() -> Sample:
    module = nn.Sequential(nn.Linear(16, 32), nn.LayerNorm(32), nn.GELU(), nn.Linear(32, 4))
    return Sample(module.to(torch.bfloat16), (torch.randn(3, 16, dtype=torch.bfloat16),))
