"""More models as people write them: of courses, competitions, papers and tutorials."""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from tests.proposals.people import model

# -- memory, sequences --------------------------------------------------------------------------


class NTMController(nn.Module):
    def __init__(self, num_inputs, num_outputs, num_layers):
        super().__init__()
        self.lstm = nn.LSTM(num_inputs, num_outputs, num_layers)
        self.lstm_h_bias = nn.Parameter(torch.randn(num_layers, 1, num_outputs) * 0.05)
        self.lstm_c_bias = nn.Parameter(torch.randn(num_layers, 1, num_outputs) * 0.05)

    def create_new_state(self, batch_size):
        return self.lstm_h_bias.repeat(1, batch_size, 1), self.lstm_c_bias.repeat(1, batch_size, 1)

    def forward(self, x, prev_state):
        x = x.unsqueeze(0)
        outp, state = self.lstm(x, prev_state)
        return outp.squeeze(0), state


class NTMMemory(nn.Module):
    def __init__(self, n, m):
        super().__init__()
        self.n, self.m = n, m
        self.register_buffer("mem_bias", torch.rand(n, m))
        self.memory = self.mem_bias.repeat(1, 1, 1)
        self.batch_size = 1

    def reset(self, batch_size):
        self.batch_size = batch_size
        self.memory = self.mem_bias.repeat(batch_size, 1, 1)

    def size(self):
        return self.n, self.m

    def read(self, w):
        return torch.matmul(w.unsqueeze(1), self.memory).squeeze(1)

    def address(self, k, beta, w_prev):
        k = k.view(self.batch_size, 1, -1)
        w = F.softmax(beta * F.cosine_similarity(self.memory + 1e-16, k + 1e-16, dim=-1), dim=1)
        return w + 0 * w_prev


class NTMReadHead(nn.Module):
    def __init__(self, memory, controller_size):
        super().__init__()
        self.memory = memory
        self.n, self.m = memory.size()
        self.fc_read = nn.Linear(controller_size, self.m + 1)

    def create_new_state(self, batch_size):
        return torch.zeros(batch_size, self.n)

    def forward(self, embeddings, w_prev):
        o = self.fc_read(embeddings)
        k, beta = o[:, : self.m], F.softplus(o[:, self.m :])
        w = self.memory.address(k, beta, w_prev)
        return self.memory.read(w), w


@model
class NTM(nn.Module):
    """A Neural Turing Machine."""

    def __init__(self):
        super().__init__()
        self.memory = NTMMemory(128, 20)
        self.controller = NTMController(9 + 20, 100, 1)
        self.heads = nn.ModuleList([NTMReadHead(self.memory, 100)])
        self.fc = nn.Linear(100 + 20, 8)
        self.register_buffer("read_bias", torch.randn(1, 20) * 0.01)

    def create_new_state(self, batch_size):
        init_r = [self.read_bias.clone().repeat(batch_size, 1)]
        controller_state = self.controller.create_new_state(batch_size)
        heads_state = [head.create_new_state(batch_size) for head in self.heads]
        return init_r, controller_state, heads_state

    def forward(self, x, prev_state):
        prev_reads, prev_controller_state, prev_heads_states = prev_state
        inp = torch.cat([x, *prev_reads], dim=1)
        controller_outp, controller_state = self.controller(inp, prev_controller_state)
        reads, heads_states = [], []
        for head, prev_head_state in zip(self.heads, prev_heads_states):  # noqa: B905
            r, head_state = head(controller_outp, prev_head_state)
            reads.append(r)
            heads_states.append(head_state)
        o = torch.sigmoid(self.fc(torch.cat([controller_outp, *reads], dim=1)))
        return o, (reads, controller_state, heads_states)


class Seq2SeqEncoder(nn.Module):
    def __init__(self, vocab, emb, hid):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb)
        self.rnn = nn.GRU(emb, hid)

    def forward(self, src):
        return self.rnn(self.embedding(src))[1]


class Seq2SeqDecoder(nn.Module):
    def __init__(self, vocab, emb, hid):
        super().__init__()
        self.output_dim = vocab
        self.embedding = nn.Embedding(vocab, emb)
        self.rnn = nn.GRU(emb, hid)
        self.fc = nn.Linear(hid, vocab)

    def forward(self, token, hidden):
        output, hidden = self.rnn(self.embedding(token.unsqueeze(0)), hidden)
        return self.fc(output.squeeze(0)), hidden


@model
class TeacherForced(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Seq2SeqEncoder(77, 24, 40)
        self.decoder = Seq2SeqDecoder(91, 28, 40)

    def forward(self, src, trg, teacher_forcing_ratio=0.5):
        hidden = self.encoder(src)
        outputs = torch.zeros(trg.shape[0], trg.shape[1], self.decoder.output_dim)
        token = trg[0]
        for t in range(1, trg.shape[0]):
            output, hidden = self.decoder(token, hidden)
            outputs[t] = output
            token = trg[t] if t % 2 else output.argmax(1)
        return outputs


@model
class BahdanauStep(nn.Module):
    """One step of a decoder with attention."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(63, 18)
        self.Wa = nn.Linear(22, 22)
        self.Ua = nn.Linear(22, 22)
        self.Va = nn.Linear(22, 1)
        self.gru = nn.GRU(18 + 22, 22, batch_first=True)
        self.out = nn.Linear(22, 63)

    def forward(self, input, hidden, encoder_outputs):
        embedded = self.embedding(input)
        query = hidden.permute(1, 0, 2)
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(encoder_outputs)))
        weights = F.softmax(scores.squeeze(2).unsqueeze(1), dim=-1)
        context = torch.bmm(weights, encoder_outputs)
        output, hidden = self.gru(torch.cat((embedded, context), dim=2), hidden)
        return self.out(output), hidden, weights


@model
class DeepAR(nn.Module):
    """A forecast with covariates and an embedding of the series."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(370, 20)
        self.lstm = nn.LSTM(1 + 4 + 20, 40, 3)
        self.distribution_mu = nn.Linear(40 * 3, 1)
        self.distribution_sigma = nn.Linear(40 * 3, 1)

    def forward(self, x, idx, hidden, cell):
        emb = self.embedding(idx)
        lstm_input = torch.cat((x, emb), dim=2)
        _, (hidden, cell) = self.lstm(lstm_input, (hidden, cell))
        h = hidden.permute(1, 2, 0).contiguous().view(hidden.shape[1], -1)
        return self.distribution_mu(h), F.softplus(self.distribution_sigma(h)), hidden, cell


@model
class NBeatsBlock(nn.Module):
    def __init__(self, backcast_length=35, forecast_length=7):
        super().__init__()
        self.backcast_length = backcast_length
        self.layers = nn.Sequential(
            nn.Linear(backcast_length, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU()
        )
        self.backcast_fc = nn.Linear(64, backcast_length)
        self.forecast_fc = nn.Linear(64, forecast_length)

    def forward(self, history):
        history = history.reshape(-1, self.backcast_length)
        h = self.layers(history)
        return history - self.backcast_fc(h), self.forecast_fc(h)


@model
class DLinear(nn.Module):
    """Decomposition of a series, and one linear layer a channel over time."""

    def __init__(self):
        super().__init__()
        self.seq_len, self.pred_len, self.channels = 48, 12, 7
        self.avg = nn.AvgPool1d(kernel_size=25, stride=1, padding=0)
        self.Linear_Seasonal = nn.Linear(self.seq_len, self.pred_len)
        self.Linear_Trend = nn.Linear(self.seq_len, self.pred_len)

    def forward(self, x):
        # x: [Batch, Input length, Channel]
        front = x[:, 0:1, :].repeat(1, 12, 1)
        end = x[:, -1:, :].repeat(1, 12, 1)
        trend = self.avg(torch.cat([front, x, end], dim=1).permute(0, 2, 1)).permute(0, 2, 1)
        seasonal = x - trend
        seasonal, trend = seasonal.permute(0, 2, 1), trend.permute(0, 2, 1)
        return (self.Linear_Seasonal(seasonal) + self.Linear_Trend(trend)).permute(0, 2, 1)


@model
class InformerLike(nn.Module):
    """x_enc, x_mark_enc, x_dec, x_mark_dec: the signature of many papers' repositories."""

    def __init__(self, enc_in=7, dec_in=7, c_out=7, d_model=32):
        super().__init__()
        self.enc_value = nn.Conv1d(enc_in, d_model, 3, padding=1, padding_mode="circular")
        self.dec_value = nn.Conv1d(dec_in, d_model, 3, padding=1, padding_mode="circular")
        self.enc_time = nn.Linear(4, d_model, bias=False)
        self.dec_time = nn.Linear(4, d_model, bias=False)
        self.encoder = nn.TransformerEncoderLayer(d_model, 4, 64, batch_first=True)
        self.decoder = nn.TransformerDecoderLayer(d_model, 4, 64, batch_first=True)
        self.projection = nn.Linear(d_model, c_out)

    def forward(self, x_enc, x_mark_enc, x_dec, x_mark_dec):
        enc = self.enc_value(x_enc.permute(0, 2, 1)).transpose(1, 2) + self.enc_time(x_mark_enc)
        dec = self.dec_value(x_dec.permute(0, 2, 1)).transpose(1, 2) + self.dec_time(x_mark_dec)
        return self.projection(self.decoder(dec, self.encoder(enc)))[:, -24:, :]


@model
class MambaBlock(nn.Module):
    def __init__(self, d_model=24, d_state=8, d_conv=4, expand=2):
        super().__init__()
        self.d_inner = expand * d_model
        self.in_proj = nn.Linear(d_model, self.d_inner * 2, bias=False)
        self.conv1d = nn.Conv1d(
            self.d_inner, self.d_inner, d_conv, groups=self.d_inner, padding=d_conv - 1
        )
        self.x_proj = nn.Linear(self.d_inner, 2 + d_state * 2, bias=False)
        self.dt_proj = nn.Linear(2, self.d_inner)
        self.A_log = nn.Parameter(torch.log(torch.arange(1, d_state + 1).float()).repeat(48, 1))
        self.D = nn.Parameter(torch.ones(self.d_inner))
        self.out_proj = nn.Linear(self.d_inner, d_model, bias=False)

    def forward(self, hidden_states):
        b, l, _ = hidden_states.shape  # noqa: E741
        x, res = self.in_proj(hidden_states).split([self.d_inner, self.d_inner], dim=-1)
        x = F.silu(self.conv1d(x.transpose(1, 2))[:, :, :l].transpose(1, 2))
        delta, B, C = self.x_proj(x).split([2, 8, 8], dim=-1)
        delta = F.softplus(self.dt_proj(delta))
        A = -torch.exp(self.A_log)
        h = torch.zeros(b, self.d_inner, 8)
        ys = []
        for i in range(l):
            h = (
                torch.exp(delta[:, i, :, None] * A) * h
                + (delta[:, i] * x[:, i])[..., None] * B[:, i, None, :]
            )
            ys.append((h * C[:, i, None, :]).sum(-1))
        return self.out_proj((torch.stack(ys, 1) + x * self.D) * F.silu(res))


@model
class TransformerWithMasks(nn.Module):
    def __init__(self):
        super().__init__()
        self.src_embed = nn.Embedding(120, 32)
        self.tgt_embed = nn.Embedding(140, 32)
        self.pos = nn.Parameter(torch.zeros(1, 50, 32))
        self.transformer = nn.Transformer(32, 4, 1, 1, 48, batch_first=True)
        self.generator = nn.Linear(32, 140)

    def forward(self, src, tgt, src_key_padding_mask, tgt_key_padding_mask):
        tgt_mask = nn.Transformer.generate_square_subsequent_mask(tgt.size(1))
        out = self.transformer(
            self.src_embed(src) + self.pos[:, : src.size(1)],
            self.tgt_embed(tgt) + self.pos[:, : tgt.size(1)],
            tgt_mask=tgt_mask,
            src_key_padding_mask=src_key_padding_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
        )
        return self.generator(out)


@model
class AttentionPooledReviews(nn.Module):
    """Hierarchical attention: documents of sentences of words."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(333, 20)
        self.word_gru = nn.GRU(20, 15, bidirectional=True, batch_first=True)
        self.word_att = nn.Linear(30, 1)
        self.sent_gru = nn.GRU(30, 15, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(30, 5)

    def forward(self, documents):
        batch, n_sents, n_words = documents.size()
        words = self.embedding(documents.view(batch * n_sents, n_words))
        h, _ = self.word_gru(words)
        s = (torch.softmax(self.word_att(h), 1) * h).sum(1).view(batch, n_sents, -1)
        h, _ = self.sent_gru(s)
        return self.fc(h.mean(1))


@model
class PackedClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(200, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 12, batch_first=True, bidirectional=True)
        self.out = nn.Linear(24, 2)

    def forward(self, text, text_lengths):
        packed = nn.utils.rnn.pack_padded_sequence(
            self.emb(text), text_lengths.to("cpu"), batch_first=True, enforce_sorted=False
        )
        _, (h, _) = self.lstm(packed)
        return self.out(torch.cat((h[-2], h[-1]), dim=1))


# -- generative ---------------------------------------------------------------------------------


@model
class FacesVAE(nn.Module):
    """Faces of 64 × 64, as in the course."""

    def __init__(self, latent_dim=32):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU()
        )
        self.fc_mu = nn.Linear(32 * 16 * 16, latent_dim)
        self.fc_var = nn.Linear(32 * 16 * 16, latent_dim)
        self.decoder_input = nn.Linear(latent_dim, 32 * 16 * 16)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(16, 3, 4, 2, 1)
        )

    def reparameterize(self, mu, logvar):
        return mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)

    def forward(self, x):
        h = torch.flatten(self.encoder(x), start_dim=1)
        mu, logvar = self.fc_mu(h), self.fc_var(h)
        z = self.decoder_input(self.reparameterize(mu, logvar)).view(-1, 32, 16, 16)
        return torch.sigmoid(self.decoder(z)), mu, logvar


@model
class DigitsVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784 + 10, 400)
        self.fc21 = nn.Linear(400, 20)
        self.fc22 = nn.Linear(400, 20)
        self.fc3 = nn.Linear(20 + 10, 400)
        self.fc4 = nn.Linear(400, 784)

    def encode(self, x, c):
        h1 = F.elu(self.fc1(torch.cat([x, c], 1)))
        return self.fc21(h1), self.fc22(h1)

    def forward(self, x, c):
        mu, logvar = self.encode(x.view(-1, 28 * 28), c)
        z = mu + torch.randn_like(mu) * torch.exp(logvar / 2)
        return torch.sigmoid(self.fc4(F.elu(self.fc3(torch.cat([z, c], 1))))), mu, logvar


@model
class CGANGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.label_emb = nn.Embedding(10, 10)
        self.model = nn.Sequential(
            nn.Linear(100 + 10, 128),
            nn.LeakyReLU(0.2),
            nn.Linear(128, 256),
            nn.BatchNorm1d(256),
            nn.LeakyReLU(0.2),
            nn.Linear(256, 28 * 28),
            nn.Tanh(),
        )

    def forward(self, noise, labels):
        gen_input = torch.cat((self.label_emb(labels), noise), -1)
        return self.model(gen_input).view(-1, 1, 28, 28)


@model
class Pix2PixDiscriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(6, 16, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(16, 32, 4, 2, 1),
            nn.InstanceNorm2d(32),
            nn.ZeroPad2d((1, 0, 1, 0)),
            nn.Conv2d(32, 1, 4, padding=1, bias=False),
        )

    def forward(self, img_A, img_B):
        return self.model(torch.cat((img_A, img_B), 1))


class SinusoidalEmbedding(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, time):
        half = self.dim // 2
        freqs = torch.exp(torch.arange(half) * -(math.log(10000) / (half - 1)))
        args = time[:, None] * freqs[None, :]
        return torch.cat((args.sin(), args.cos()), dim=-1)


@model
class SimpleUnetDDPM(nn.Module):
    def __init__(self):
        super().__init__()
        self.time_mlp = nn.Sequential(SinusoidalEmbedding(32), nn.Linear(32, 32), nn.ReLU())
        self.conv0 = nn.Conv2d(3, 16, 3, padding=1)
        self.down = nn.Conv2d(16, 32, 4, 2, 1)
        self.t_proj = nn.Linear(32, 32)
        self.up = nn.ConvTranspose2d(32, 16, 4, 2, 1)
        self.output = nn.Conv2d(32, 3, 1)

    def forward(self, x, timestep):
        t = self.time_mlp(timestep)
        x = self.conv0(x)
        h = self.down(x) + F.relu(self.t_proj(t))[(...,) + (None,) * 2]
        return self.output(torch.cat((self.up(h), x), dim=1))


@model
class ClassConditionedDiT(nn.Module):
    """x, t, y, as in the paper's repository."""

    def __init__(self, input_size=16, patch_size=2, in_channels=4, hidden=48, num_classes=100):
        super().__init__()
        self.patch_size, self.in_channels = patch_size, in_channels
        self.x_embedder = nn.Conv2d(in_channels, hidden, patch_size, patch_size)
        self.t_embedder = nn.Sequential(SinusoidalEmbedding(64), nn.Linear(64, hidden), nn.SiLU())
        self.y_embedder = nn.Embedding(num_classes + 1, hidden)
        self.pos_embed = nn.Parameter(torch.zeros(1, (input_size // patch_size) ** 2, hidden))
        self.norm = nn.LayerNorm(hidden, elementwise_affine=False)
        self.attn = nn.MultiheadAttention(hidden, 4, batch_first=True)
        self.ada = nn.Linear(hidden, 2 * hidden)
        self.final = nn.Linear(hidden, patch_size**2 * in_channels)

    def forward(self, x, t, y):
        x = self.x_embedder(x).flatten(2).transpose(1, 2) + self.pos_embed
        c = self.t_embedder(t) + self.y_embedder(y)
        shift, scale = self.ada(c).chunk(2, dim=1)
        h = self.norm(x) * (1 + scale[:, None]) + shift[:, None]
        x = self.final(x + self.attn(h, h, h)[0])
        n = int(x.shape[1] ** 0.5)
        x = x.reshape(-1, n, n, self.patch_size, self.patch_size, self.in_channels)
        return torch.einsum("nhwpqc->nchpwq", x).reshape(-1, 4, n * 2, n * 2)


@model
class NeRF(nn.Module):
    def __init__(self, D=4, W=64, input_ch=63, input_ch_views=27):
        super().__init__()
        self.input_ch, self.input_ch_views = input_ch, input_ch_views
        self.pts_linears = nn.ModuleList(
            [nn.Linear(input_ch, W)]
            + [nn.Linear(W, W) if i != 2 else nn.Linear(W + input_ch, W) for i in range(D - 1)]
        )
        self.views_linears = nn.ModuleList([nn.Linear(input_ch_views + W, W // 2)])
        self.feature_linear = nn.Linear(W, W)
        self.alpha_linear = nn.Linear(W, 1)
        self.rgb_linear = nn.Linear(W // 2, 3)

    def forward(self, x):
        input_pts, input_views = torch.split(x, [self.input_ch, self.input_ch_views], dim=-1)
        h = input_pts
        for i, layer in enumerate(self.pts_linears):
            h = F.relu(layer(h))
            if i == 2:
                h = torch.cat([input_pts, h], -1)
        alpha = self.alpha_linear(h)
        h = torch.cat([self.feature_linear(h), input_views], -1)
        for layer in self.views_linears:
            h = F.relu(layer(h))
        return torch.cat([self.rgb_linear(h), alpha], -1)


@model
class TinyNeRF(nn.Module):
    def __init__(self, pos_freqs=6, dir_freqs=4):
        super().__init__()
        self.pos_freqs, self.dir_freqs = pos_freqs, dir_freqs
        self.block1 = nn.Sequential(nn.Linear(3 + 3 * 2 * pos_freqs, 64), nn.ReLU())
        self.sigma = nn.Linear(64, 1)
        self.block2 = nn.Sequential(nn.Linear(64 + 3 + 3 * 2 * dir_freqs, 3), nn.Sigmoid())

    @staticmethod
    def encode(x, freqs):
        out = [x]
        for i in range(freqs):
            out += [torch.sin(2.0**i * x), torch.cos(2.0**i * x)]
        return torch.cat(out, dim=-1)

    def forward(self, ray_origins, ray_directions):
        h = self.block1(self.encode(ray_origins, self.pos_freqs))
        d = self.encode(ray_directions, self.dir_freqs)
        return self.block2(torch.cat([h, d], -1)), F.relu(self.sigma(h))


# -- graphs, points -----------------------------------------------------------------------------


class GCNLayer(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.lin = nn.Linear(i, o)

    def forward(self, x, edge_index):
        src, dst = edge_index
        out = torch.zeros_like(x)
        out.index_add_(0, dst, x[src])
        return self.lin(out + x)


@model
class MoleculeGNN(nn.Module):
    """Features of nodes and edges, and which graph a node is of."""

    def __init__(self):
        super().__init__()
        self.conv1 = GCNLayer(11, 32)
        self.conv2 = GCNLayer(32, 32)
        self.edge = nn.Linear(4, 32)
        self.lin = nn.Linear(32, 1)

    def forward(self, x, edge_index, edge_attr, batch):
        h = F.relu(self.conv1(x, edge_index))
        h = h.index_add(0, edge_index[1], self.edge(edge_attr))
        h = F.relu(self.conv2(h, edge_index))
        pooled = torch.zeros(int(batch.max()) + 1, h.size(1)).index_add_(0, batch, h)
        return self.lin(pooled)


@model
class KipfGCN(nn.Module):
    """x and a dense adjacency matrix."""

    def __init__(self, nfeat=50, nhid=16, nclass=7):
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(nfeat, nhid))
        self.w2 = nn.Parameter(torch.randn(nhid, nclass))

    def forward(self, x, adj):
        x = F.relu(torch.spmm(adj, torch.mm(x, self.w1)))
        return F.log_softmax(torch.spmm(adj, torch.mm(x, self.w2)), dim=1)


@model
class STGCNBlock(nn.Module):
    """Traffic: (batch, nodes, time, features), and the graph of the sensors."""

    def __init__(self):
        super().__init__()
        self.register_buffer("A_hat", torch.eye(19))
        self.temporal = nn.Conv2d(2, 16, (1, 3))
        self.Theta = nn.Parameter(torch.randn(16, 8))
        self.out = nn.Linear(8, 1)

    def forward(self, X):
        t = F.relu(self.temporal(X.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)
        lfs = torch.einsum("ij,jklm->kilm", [self.A_hat, t.permute(1, 0, 2, 3)])
        return self.out(F.relu(torch.matmul(lfs, self.Theta)))


@model
class PointNetSeg(nn.Module):
    def __init__(self, num_classes=13):
        super().__init__()
        self.conv1 = nn.Conv1d(9, 32, 1)
        self.conv2 = nn.Conv1d(32, 64, 1)
        self.seg = nn.Conv1d(96, num_classes, 1)

    def forward(self, xyz):
        h1 = F.relu(self.conv1(xyz))
        g = torch.max(self.conv2(h1), 2, keepdim=True)[0].repeat(1, 1, xyz.shape[2])
        return F.log_softmax(self.seg(torch.cat([h1, g], 1)), dim=1).transpose(2, 1)


@model
class DGCNNEdge(nn.Module):
    def __init__(self, k=4):
        super().__init__()
        self.k = k
        self.conv1 = nn.Sequential(nn.Conv2d(6, 16, 1, bias=False), nn.BatchNorm2d(16))
        self.linear = nn.Linear(16, 40)

    def forward(self, x):
        inner = -2 * torch.matmul(x.transpose(2, 1), x)
        xx = torch.sum(x**2, dim=1, keepdim=True)
        idx = (-xx - inner - xx.transpose(2, 1)).topk(k=self.k, dim=-1)[1]
        b, d, n = x.size()
        idx = (idx + torch.arange(b).view(-1, 1, 1) * n).view(-1)
        feature = x.transpose(2, 1).reshape(b * n, -1)[idx, :].view(b, n, self.k, d)
        x = x.transpose(2, 1).view(b, n, 1, d).repeat(1, 1, self.k, 1)
        feature = torch.cat((feature - x, x), dim=3).permute(0, 3, 1, 2)
        return self.linear(self.conv1(feature).max(-1)[0].max(-1)[0])


# -- tables, recommendations, agents --------------------------------------------------------------


@model
class TabularEmbeddings(nn.Module):
    """As in many a competition: categorical and continuous columns."""

    def __init__(self):
        super().__init__()
        sizes = [(12, 6), (7, 4), (31, 16)]
        self.embeds = nn.ModuleList([nn.Embedding(c, s) for c, s in sizes])
        self.n_emb, self.n_cont = 26, 9
        self.bn1 = nn.BatchNorm1d(self.n_cont)
        self.lin1 = nn.Linear(self.n_emb + self.n_cont, 50)
        self.out = nn.Linear(50, 1)

    def forward(self, x_cat, x_cont):
        x = torch.cat([e(x_cat[:, i]) for i, e in enumerate(self.embeds)], 1)
        return self.out(F.relu(self.lin1(torch.cat([x, self.bn1(x_cont)], 1))))


@model
class FTTransformer(nn.Module):
    def __init__(self, n_num=6, cats=(4, 9), d=16):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_num, d))
        self.bias = nn.Parameter(torch.zeros(n_num, d))
        self.cat_embed = nn.ModuleList([nn.Embedding(c, d) for c in cats])
        self.cls = nn.Parameter(torch.zeros(1, 1, d))
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(d, 2, 32, batch_first=True), 1
        )
        self.head = nn.Linear(d, 2)

    def forward(self, x_num, x_cat):
        tokens = [x_num[..., None] * self.weight + self.bias]
        tokens += [e(x_cat[:, i])[:, None] for i, e in enumerate(self.cat_embed)]
        x = torch.cat([self.cls.expand(x_num.shape[0], -1, -1), *tokens], 1)
        return self.head(self.encoder(x)[:, 0])


@model
class NeuralCollaborativeFiltering(nn.Module):
    def __init__(self, num_users=943, num_items=1682):
        super().__init__()
        self.user_gmf = nn.Embedding(num_users, 8)
        self.item_gmf = nn.Embedding(num_items, 8)
        self.user_mlp = nn.Embedding(num_users, 16)
        self.item_mlp = nn.Embedding(num_items, 16)
        self.mlp = nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 8))
        self.out = nn.Linear(16, 1)

    def forward(self, user_indices, item_indices):
        gmf = self.user_gmf(user_indices) * self.item_gmf(item_indices)
        mlp = self.mlp(
            torch.cat([self.user_mlp(user_indices), self.item_mlp(item_indices)], dim=-1)
        )
        return torch.sigmoid(self.out(torch.cat([gmf, mlp], dim=-1))).squeeze()


@model
class DeepFM(nn.Module):
    def __init__(self, field_dims=(5, 11, 17), embed=6):
        super().__init__()
        self.register_buffer("offsets", torch.tensor([0, 5, 16]))
        self.embedding = nn.Embedding(sum(field_dims), embed)
        self.linear = nn.Embedding(sum(field_dims), 1)
        self.mlp = nn.Sequential(nn.Linear(3 * embed, 12), nn.ReLU(), nn.Linear(12, 1))

    def forward(self, x):
        x = x + self.offsets.unsqueeze(0)
        e = self.embedding(x)
        fm = 0.5 * (e.sum(1) ** 2 - (e**2).sum(1)).sum(1, keepdim=True)
        return torch.sigmoid(self.linear(x).sum(1) + fm + self.mlp(e.flatten(1))).squeeze(1)


@model
class DuelingDQN(nn.Module):
    """Atari: four frames of 84 × 84."""

    def __init__(self, n_actions=6):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(4, 32, 8, stride=4),
            nn.ReLU(),
            nn.Conv2d(32, 64, 4, stride=2),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3, stride=1),
            nn.ReLU(),
        )
        self.adv = nn.Linear(3136, n_actions)
        self.val = nn.Linear(3136, 1)

    def forward(self, obs):
        h = self.conv(obs / 255.0).reshape(obs.size(0), -1)
        a = self.adv(h)
        return self.val(h) + a - a.mean(1, keepdim=True)


@model
class SACCritic(nn.Module):
    def __init__(self, obs_dim=17, act_dim=6):
        super().__init__()
        self.q1 = nn.Sequential(nn.Linear(obs_dim + act_dim, 64), nn.ReLU(), nn.Linear(64, 1))
        self.q2 = nn.Sequential(nn.Linear(obs_dim + act_dim, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, state, action):
        sa = torch.cat([state, action], dim=-1)
        return self.q1(sa), self.q2(sa)


@model
class DecisionTransformer(nn.Module):
    def __init__(self, state_dim=11, act_dim=3, hidden=32, max_ep_len=100):
        super().__init__()
        self.embed_timestep = nn.Embedding(max_ep_len, hidden)
        self.embed_return = nn.Linear(1, hidden)
        self.embed_state = nn.Linear(state_dim, hidden)
        self.embed_action = nn.Linear(act_dim, hidden)
        self.ln = nn.LayerNorm(hidden)
        self.block = nn.TransformerEncoderLayer(hidden, 2, 64, batch_first=True)
        self.predict_action = nn.Linear(hidden, act_dim)

    def forward(self, states, actions, returns_to_go, timesteps):
        b, t = states.shape[0], states.shape[1]
        time = self.embed_timestep(timesteps)
        s = self.embed_state(states) + time
        a = self.embed_action(actions) + time
        r = self.embed_return(returns_to_go) + time
        x = torch.stack((r, s, a), dim=1).permute(0, 2, 1, 3).reshape(b, 3 * t, -1)
        x = self.block(self.ln(x)).reshape(b, t, 3, -1).permute(0, 2, 1, 3)
        return self.predict_action(x[:, 1])


# -- audio, several kinds at once, detection ------------------------------------------------------


@model
class MelCRNN(nn.Module):
    """Log-mel spectrograms, (batch, 1, n_mels, frames)."""

    def __init__(self, n_mels=64):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d((4, 2))
        )
        self.gru = nn.GRU(16 * (n_mels // 4), 32, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(64, 10)

    def forward(self, spec):
        x = self.conv(spec)
        b, c, f, t = x.shape
        x = x.permute(0, 3, 1, 2).reshape(b, t, c * f)
        return self.fc(self.gru(x)[0][:, -1])


@model
class RawWaveM5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 32, kernel_size=80, stride=16)
        self.bn1 = nn.BatchNorm1d(32)
        self.pool1 = nn.MaxPool1d(4)
        self.conv2 = nn.Conv1d(32, 32, kernel_size=3)
        self.pool2 = nn.MaxPool1d(4)
        self.fc1 = nn.Linear(32, 35)

    def forward(self, waveform):
        x = self.pool1(F.relu(self.bn1(self.conv1(waveform))))
        x = self.pool2(F.relu(self.conv2(x)))
        x = F.avg_pool1d(x, x.shape[-1]).permute(0, 2, 1)
        return F.log_softmax(self.fc1(x), dim=2)


@model
class MultiModalDict(nn.Module):
    def __init__(self):
        super().__init__()
        self.vision = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.text = nn.EmbeddingBag(500, 12)
        self.audio = nn.GRU(40, 10, batch_first=True)
        self.head = nn.Linear(8 + 12 + 10, 4)

    def forward(self, inputs: dict):
        v = self.vision(inputs["image"])
        t = self.text(inputs["input_ids"])
        _, a = self.audio(inputs["audio"])
        return self.head(torch.cat([v, t, a[-1]], dim=1))


@model
class TopKMoE(nn.Module):
    def __init__(self, d=20, experts=4, k=2):
        super().__init__()
        self.k = k
        self.gate = nn.Linear(d, experts, bias=False)
        self.experts = nn.ModuleList(
            [nn.Sequential(nn.Linear(d, 40), nn.GELU(), nn.Linear(40, d)) for _ in range(experts)]
        )

    def forward(self, hidden_states):
        b, s, d = hidden_states.shape
        x = hidden_states.view(-1, d)
        weights, chosen = torch.topk(F.softmax(self.gate(x), dim=-1), self.k)
        out = torch.zeros_like(x)
        for i, expert in enumerate(self.experts):
            rows, nth = torch.where(chosen == i)
            if rows.numel():
                out[rows] += weights[rows, nth, None] * expert(x[rows])
        return out.view(b, s, d)


class KANLinear(nn.Module):
    def __init__(self, i, o, grid_size=5, order=3):
        super().__init__()
        self.in_features, self.out_features = i, o
        self.order = order
        grid = (torch.arange(-order, grid_size + order + 1) * 0.4 - 1).expand(i, -1).contiguous()
        self.register_buffer("grid", grid)
        self.base_weight = nn.Parameter(torch.randn(o, i))
        self.spline_weight = nn.Parameter(torch.randn(o, i, grid_size + order))

    def b_splines(self, x):
        assert x.dim() == 2 and x.size(1) == self.in_features
        x, grid = x.unsqueeze(-1), self.grid
        bases = ((x >= grid[:, :-1]) & (x < grid[:, 1:])).to(x.dtype)
        for k in range(1, self.order + 1):
            bases = (x - grid[:, : -(k + 1)]) / (grid[:, k:-1] - grid[:, : -(k + 1)]) * bases[
                :, :, :-1
            ] + (grid[:, k + 1 :] - x) / (grid[:, k + 1 :] - grid[:, 1:(-k)]) * bases[:, :, 1:]
        return bases

    def forward(self, x):
        base = F.linear(F.silu(x), self.base_weight)
        spline = self.b_splines(x).view(x.size(0), -1)
        return base + F.linear(spline, self.spline_weight.view(self.out_features, -1))


@model
class KAN(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([KANLinear(13, 8), KANLinear(8, 3)])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


@model
class SiameseTriplet(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(1, 8, 7), nn.ReLU(), nn.MaxPool2d(4))
        self.fc = nn.Sequential(nn.Linear(8 * 23 * 23, 32), nn.Sigmoid())

    def forward_once(self, x):
        return self.fc(self.cnn(x).view(x.size(0), -1))

    def forward(self, anchor, positive, negative):
        return self.forward_once(anchor), self.forward_once(positive), self.forward_once(negative)


@model
class DetectorWithTargets(nn.Module):
    """Losses while it learns, boxes after."""

    def __init__(self, num_classes=5):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 16, 3, 2))
        self.cls_head = nn.Conv2d(16, num_classes, 1)
        self.box_head = nn.Conv2d(16, 4, 1)

    def forward(self, images, targets=None):
        f = self.backbone(images)
        logits = self.cls_head(f).flatten(2).transpose(1, 2)
        boxes = self.box_head(f).flatten(2).transpose(1, 2)
        if targets is not None:
            loss = torch.stack([F.cross_entropy(logits[0], t["labels"]) for t in targets]).sum()
            return {"loss": loss}
        return {"scores": logits.softmax(-1), "boxes": boxes}


Batch = namedtuple("Batch", ["query", "document", "length"])


@model
class RankerOfBatches(nn.Module):
    """The batch is a named tuple."""

    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(150, 14)
        self.score = nn.Bilinear(14, 14, 1)

    def forward(self, batch: Batch) -> Any:
        q = self.emb(batch.query).mean(1)
        d = self.emb(batch.document).sum(1) / batch.length[:, None]
        return self.score(q, d)
