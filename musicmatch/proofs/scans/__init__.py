"""Looking at every page of a hosted site with other people's tools."""
