"""PyTorch Geometric: networks on graphs given as edge lists."""

from __future__ import annotations

from typing import Any

import torch

from .entry import Builder, Entry, Sample

_NODES, _EDGES, _FEATURES = 30, 80, 16


def entries() -> tuple[Entry, ...]:
    """The graph networks, none built yet."""
    full = {"hidden_channels": 64, "num_layers": 2, "out_channels": 7}
    return (
        # The usual dataset of graph networks, Cora: 2,708 papers, 10,556 citations, 1,433 words.
        Entry(
            "pyg-gcn",
            "torch_geometric",
            _basic("GCN", {}),
            _basic("GCN", full, nodes=2708, edges=10556, features=1433),
        ),
        Entry(
            "pyg-gat",
            "torch_geometric",
            _basic("GAT", {"heads": 4}),
            _basic("GAT", {**full, "heads": 8}, nodes=2708, edges=10556, features=1433),
        ),
        Entry("pyg-gatv2", "torch_geometric", _basic("GAT", {"heads": 4, "v2": True})),
        Entry("pyg-gin", "torch_geometric", _basic("GIN", {})),
        Entry("pyg-sage", "torch_geometric", _basic("GraphSAGE", {})),
        Entry("pyg-edgecnn", "torch_geometric", _basic("EdgeCNN", {})),
        Entry("pyg-pna", "torch_geometric", _pna),
        Entry("pyg-graph-transformer", "torch_geometric", _transformer),
    )


def _graph(nodes: int, edges: int, features: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(nodes, features), torch.randint(0, nodes, (2, edges))


def _basic(
    class_name: str,
    settings: dict[str, Any],
    nodes: int = _NODES,
    edges: int = _EDGES,
    features: int = _FEATURES,
) -> Builder:
    def build() -> Sample:
        import torch_geometric.nn

        shape = {"hidden_channels": 32, "num_layers": 2, "out_channels": 8, **settings}
        module = getattr(torch_geometric.nn, class_name)(in_channels=features, **shape)
        return Sample(module, _graph(nodes, edges, features))

    return build


def _pna() -> Sample:
    import torch_geometric.nn

    module = torch_geometric.nn.PNA(
        in_channels=_FEATURES,
        hidden_channels=16,
        num_layers=2,
        out_channels=8,
        aggregators=["mean", "max", "std"],
        scalers=["identity", "amplification"],
        deg=torch.bincount(torch.randint(1, 6, (_NODES,))),
    )
    return Sample(module, _graph(_NODES, _EDGES, _FEATURES))


def _transformer() -> Sample:
    import torch_geometric.nn as pyg

    module = pyg.Sequential(
        "x, edge_index, batch",
        [
            (pyg.TransformerConv(_FEATURES, 8, heads=4), "x, edge_index -> x"),
            torch.nn.ReLU(),
            (pyg.TransformerConv(32, 8, heads=2), "x, edge_index -> x"),
            (pyg.global_mean_pool, "x, batch -> x"),
            torch.nn.Linear(16, 3),
        ],
    )
    batch = torch.arange(_NODES) // (_NODES // 2)
    return Sample(module, (*_graph(_NODES, _EDGES, _FEATURES), batch))
