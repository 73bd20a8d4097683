"""The gateway's duties: who may pass, as whom, and which part of the system an address belongs to."""
