"""Send rendered messages to channels; every ending is a value with one reason."""

from monitor.deliver.connections import Connections
from monitor.deliver.route import deliver
from monitor.deliver.schedule import Settled, channel_pause, next_attempt, settle

__all__ = ["Connections", "Settled", "channel_pause", "deliver", "next_attempt", "settle"]
