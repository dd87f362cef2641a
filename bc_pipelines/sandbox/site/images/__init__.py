"""Images and their renditions."""
