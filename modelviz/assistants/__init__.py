"""``modelviz mcp``: the commands as tools for an assistant, over the Model Context Protocol."""
