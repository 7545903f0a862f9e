"""Talking to models: finding, checking and running them. Importing this package imports nothing heavy."""

from polyteach.models.completions import Completion, Message
from polyteach.models.folder import (
    check_embedder_folder,
    check_model_folder,
    count_parameters,
    embedder_digest,
    model_digest,
)
from polyteach.models.local import LocalModel
from polyteach.models.names import resolve_model

__all__ = [
    "Completion",
    "LocalModel",
    "Message",
    "check_embedder_folder",
    "check_model_folder",
    "count_parameters",
    "embedder_digest",
    "model_digest",
    "resolve_model",
]
