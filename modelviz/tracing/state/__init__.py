"""What a forward may change, as it was before: found once, put back as often as needed.

``reach`` walks everything reachable from a model and its inputs and gives a keeper for each thing
that can change; the other files are the keepers, one for each sort of thing.
"""
