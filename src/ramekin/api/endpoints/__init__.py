"""The endpoints, one file a feature; each adds its routes."""
