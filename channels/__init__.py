"""Can we reach this address? A channel sends and never asks why."""
