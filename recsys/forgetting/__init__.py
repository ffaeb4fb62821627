"""Forgetting: a listener, or what one provider supplied, out of inputs, rejects, stored answers and every run."""

from recsys.forgetting.lake import Forgotten, forget, preview
from recsys.forgetting.listener import Listener
from recsys.forgetting.provider import Provider

__all__ = ["Forgotten", "Listener", "Provider", "forget", "preview"]
